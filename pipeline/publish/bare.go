package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The variables of Settings. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
const (
	digestVariable   = "BUNDLE_SECRETS_SHA256"
	functionVariable = "BUNDLE_SECRETS_FUNCTION"
)

// Settings are the environment variables of a function that are not cut out: those that say which document the helpers open. Each
// is "" if it is not set or has another form, which the helpers refuse.
type Settings struct {
	SHA256   string // of the document, in lower-case hexadecimal
	Document string // name of the function whose document it opens, in Lambda or in the manifest
	Unread   bool   // Lambda could not decrypt the variables for the caller, so nothing is known of them
}

// SettingsOf returns the settings in a reply to a client of NewControl.
func SettingsOf(e *types.EnvironmentResponse) Settings {
	if e == nil {
		return Settings{}
	}
	return Settings{e.Variables[digestVariable], e.Variables[functionVariable], e.Error != nil}
}

// bare makes calls whose replies have only what is read here, and so no environment variables but those of Settings. It does not
// leave that to internal/awsreply, so that no other part of a client ever sees a variable.
type bare struct {
	client aws.HTTPClient
	key    []byte // of digests of configurations
}

// reply is what is kept of the replies to calls that read or change functions. Values stay as they are, for internal/awsreply to
// check.
type reply struct {
	Functions, Versions    []entry         `json:",omitzero"` // an empty list is kept
	Aliases                []aliasEntry    `json:",omitzero"`
	NextMarker, RevisionId json.RawMessage `json:",omitempty"`

	entry      // GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion
	aliasEntry // GetAlias, UpdateAlias

	CodeSigningConfig                                                      *signingEntry   `json:",omitempty"`
	CodeSigningConfigArn, Status, RequestedProvisionedConcurrentExecutions json.RawMessage `json:",omitempty"`
	Tags                                                                   json.RawMessage `json:",omitempty"`
}

type entry struct {
	FunctionName, FunctionArn, Version, MasterArn, CodeSha256, PackageType, Runtime, SnapStart, Role json.RawMessage `json:",omitempty"`
	State, StateReasonCode, LastUpdateStatus, LastUpdateStatusReasonCode, RevisionId                 json.RawMessage `json:",omitempty"`

	ConfigSha256 json.RawMessage `json:",omitempty"` // not AWS's, but what settled returns

	Layers                 []layerEntry `json:",omitzero"`
	CapacityProviderConfig *struct{}    `json:",omitempty"`
	Environment            *environment `json:",omitempty"`
}

type layerEntry struct {
	Arn json.RawMessage `json:",omitempty"`
}

type aliasEntry struct {
	Name, FunctionVersion, RoutingConfig, RevisionId json.RawMessage `json:",omitempty"`
}

type signingEntry struct {
	CodeSigningPolicies struct {
		UntrustedArtifactOnDeployment json.RawMessage `json:",omitempty"`
	}
}

// environment is what is kept of the variables of a function.
type environment struct {
	Variables map[string]string `json:",omitempty"`
	Error     *struct{}         `json:",omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *environment) UnmarshalJSON(content []byte) error {
	var all struct {
		Variables map[string]json.RawMessage
		Error     json.RawMessage
	}
	if json.Unmarshal(content, &all) != nil {
		return nil // it is something else, of which nothing is kept
	}
	keep := func(name string, valid func(string) bool) {
		var value string
		if json.Unmarshal(all.Variables[name], &value) == nil && valid(value) {
			e.Variables[name] = value
		}
	}
	e.Variables = map[string]string{}
	keep(digestVariable, isDigest)
	keep(functionVariable, isDocument)
	for _, value := range all.Variables {
		clear(value)
	}
	if clear(all.Error); len(all.Error) > 0 {
		e.Error = &struct{}{}
	}
	return nil
}

// isDocument reports whether s can be the name of a document, as F-7 of docs/format.md.
func isDocument(s string) bool { return len(s) <= 64 && ValidName(s) && s[0] != '_' && s[0] != '-' }

func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// maxReply is far more than a page of 50 versions has, each with 4 KB of variables.
const maxReply = 16 << 20

func (b bare) Do(r *http.Request) (*http.Response, error) {
	res, err := b.client.Do(r)
	if err != nil || res.StatusCode/100 != 2 {
		return res, err
	}
	content, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	var kept reply
	left := []byte("not JSON") // which is refused, and asked for again
	switch {
	case len(content) == 0 && res.StatusCode == http.StatusOK: // as of a function without a code signing configuration
		left = []byte("{}")
	case len(content) == 0: // as of a call that answers nothing
		left = nil
	case !bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("n")) && json.Unmarshal(content, &kept) == nil: // null is no reply
		kept.settle(content, b.key)
		if left, err = json.Marshal(kept); err != nil {
			return nil, err
		}
	case json.Valid(content): // but a list or an object is something else
		left = []byte("[]") // which is no reply
	}
	clear(content)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(left)), int64(len(left))
	res.Header = res.Header.Clone()
	res.Header.Del("Content-Length")
	return res, nil
}
