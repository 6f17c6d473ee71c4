package awslocal

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/lambda"
)

// restProtocol is REST-JSON, of Lambda: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html. Method and path
// determine the operation; members come from the path, the query and the body.
type restProtocol struct{}

const (
	layersPath        = "/2018-10-31/layers"
	functionsPath     = "/2015-03-31/functions"
	signingPath       = "/2020-04-22/code-signing-configs"
	signedPath        = "/2020-06-30/functions"
	functionsTagsPath = "/2017-03-31/tags"
)

func (restProtocol) claims(r *http.Request) bool {
	return slices.ContainsFunc([]string{layersPath, functionsPath, signingPath, signedPath, functionsTagsPath}, func(path string) bool {
		return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/")
	})
}

func (restProtocol) contentType() string { return "application/json" }

// route is one operation on the wire. {Name} in the pattern is a member.
type route struct {
	method, pattern, operation string
	status                     int
}

// routes are the operations of https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html for layers, and for functions,
// their versions and aliases.
func routes() []route {
	const versions = layersPath + "/{LayerName}/versions"
	const version = versions + "/{VersionNumber}"
	const function = functionsPath + "/{FunctionName}"
	return []route{
		{http.MethodPost, functionsPath, "CreateFunction", http.StatusCreated},
		{http.MethodGet, functionsPath, "ListFunctions", http.StatusOK},
		{http.MethodGet, function, "GetFunction", http.StatusOK},
		{http.MethodDelete, function, "DeleteFunction", http.StatusNoContent},
		{http.MethodGet, function + "/configuration", "GetFunctionConfiguration", http.StatusOK},
		{http.MethodPut, function + "/configuration", "UpdateFunctionConfiguration", http.StatusOK},
		{http.MethodPut, function + "/code", "UpdateFunctionCode", http.StatusOK},
		{http.MethodPost, function + "/versions", "PublishVersion", http.StatusCreated},
		{http.MethodGet, function + "/versions", "ListVersionsByFunction", http.StatusOK},
		{http.MethodPost, function + "/aliases", "CreateAlias", http.StatusCreated},
		{http.MethodGet, function + "/aliases", "ListAliases", http.StatusOK},
		{http.MethodGet, function + "/aliases/{Name}", "GetAlias", http.StatusOK},
		{http.MethodPut, function + "/aliases/{Name}", "UpdateAlias", http.StatusOK},
		{http.MethodDelete, function + "/aliases/{Name}", "DeleteAlias", http.StatusNoContent},
		{http.MethodPost, signingPath, "CreateCodeSigningConfig", http.StatusCreated},
		{http.MethodGet, signingPath + "/{CodeSigningConfigArn}", "GetCodeSigningConfig", http.StatusOK},
		{http.MethodDelete, signingPath + "/{CodeSigningConfigArn}", "DeleteCodeSigningConfig", http.StatusNoContent},
		{http.MethodDelete, signedPath + "/{FunctionName}/code-signing-config", "DeleteFunctionCodeSigningConfig", http.StatusNoContent},
		{http.MethodGet, signedPath + "/{FunctionName}/code-signing-config", "GetFunctionCodeSigningConfig", http.StatusOK},
		{http.MethodPut, signedPath + "/{FunctionName}/code-signing-config", "PutFunctionCodeSigningConfig", http.StatusOK},
		{http.MethodGet, functionsTagsPath + "/{Resource}", "ListTags", http.StatusOK},
		{http.MethodGet, layersPath, "ListLayers", http.StatusOK},
		{http.MethodPost, versions, "PublishLayerVersion", http.StatusCreated},
		{http.MethodGet, versions, "ListLayerVersions", http.StatusOK},
		{http.MethodGet, version, "GetLayerVersion", http.StatusOK},
		{http.MethodDelete, version, "DeleteLayerVersion", http.StatusNoContent},
		{http.MethodGet, version + "/policy", "GetLayerVersionPolicy", http.StatusOK},
		{http.MethodPost, version + "/policy", "AddLayerVersionPermission", http.StatusCreated},
		{http.MethodDelete, version + "/policy/{StatementId}", "RemoveLayerVersionPermission", http.StatusNoContent},
	}
}

func (restProtocol) read(r *http.Request, body []byte) (service, operation string, in []byte, err error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	if body[0] != '{' || body[len(body)-1] != '}' {
		return "lambda", "", nil, call.NewError("InvalidRequestContentException", "Could not parse request body into json")
	}
	members := map[string]json.RawMessage{}
	operation, ok := routed(r, members)
	if !ok {
		return "lambda", "", nil, &call.Error{Status: http.StatusNotFound, Code: "UnknownOperationException",
			Message: "The embedded AWS does not have this operation."}
	}
	query := r.URL.Query()
	if operation == "ListLayers" && query.Get("find") == "LayerVersion" {
		operation = "GetLayerVersionByArn"
	}
	for name := range query {
		setMember(members, name, query.Get(name))
	}
	in, err = joined(body, members)
	return "lambda", operation, in, err
}

// joined appends members to an object, where they replace earlier members of the same name. It does not parse the
// object, which may hold an archive of 70 MB: decoding it later shows whether it is JSON.
func joined(object []byte, members map[string]json.RawMessage) ([]byte, error) {
	more, err := json.Marshal(members)
	if err != nil || len(members) == 0 {
		return object, err
	}
	object = bytes.TrimSpace(object[:len(object)-1])
	comma := []byte(",")
	if len(object) == 1 {
		comma = nil
	}
	return slices.Concat(object, comma, more[1:]), nil // a copy: the signature is still to be verified over the body
}

// routed finds the operation of a request, and adds the members in its path to the others.
func routed(r *http.Request, members map[string]json.RawMessage) (operation string, ok bool) {
	parts := strings.Split(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/")
	for i := range parts {
		plain, err := url.PathUnescape(parts[i])
		if err != nil {
			return "", false
		}
		parts[i] = plain
	}
	for _, route := range routes() {
		pattern := strings.Split(route.pattern, "/")
		fits := func(part, pattern string) bool {
			return part == pattern || strings.HasPrefix(pattern, "{") && part != ""
		}
		if route.method != r.Method || !slices.EqualFunc(parts, pattern, fits) {
			continue
		}
		for i := range pattern {
			if name, ok := strings.CutPrefix(pattern[i], "{"); ok {
				setMember(members, strings.TrimSuffix(name, "}"), parts[i])
			}
		}
		return route.operation, true
	}
	return "", false
}

// setMember adds a member that came as a string. Numbers become numbers.
func setMember(members map[string]json.RawMessage, name, value string) {
	if name == "VersionNumber" || name == "MaxItems" {
		if json.Valid([]byte(value)) {
			members[name] = json.RawMessage(value)
			return
		}
	}
	text, err := json.Marshal(value)
	if err == nil { // a string always marshals
		members[name] = text
	}
}

func (restProtocol) reply(_, _ string, out any) ([]byte, error) {
	if out == nil {
		return nil, nil
	}
	return json.Marshal(out)
}

// status is the HTTP status of a success.
func (restProtocol) status(operation string) int {
	for _, route := range routes() {
		if route.operation == operation {
			return route.status
		}
	}
	return http.StatusOK
}

// failure is the body of an error. Its code is in a header. As tests recorded from AWS, errors that the service's model
// has carry a Type, and the text of some of them is in Message; others have their text in message only.
func (restProtocol) failure(_ string, e *call.Error) []byte {
	members := map[string]any{"message": e.Message}
	if e.Message == "" {
		members = map[string]any{"Message": nil}
	}
	switch e.Code {
	case "ResourceNotFoundException":
		members = map[string]any{"Type": "User", "Message": e.Message}
	case "InvalidParameterValueException", "ResourceConflictException", "PreconditionFailedException", "PolicyLengthExceededException",
		"TooManyRequestsException", "InvalidRequestContentException", "CodeSigningConfigNotFoundException", "CodeVerificationFailedException":
		members["Type"] = "User"
	}
	if e.Code == "TooManyRequestsException" {
		members["Reason"] = "CallerRateLimitExceeded"
	}
	body, err := json.Marshal(members)
	if err != nil {
		return []byte("{}") // texts always marshal
	}
	return body
}

func (restProtocol) refusal(f refusal) *call.Error {
	return &call.Error{Status: http.StatusForbidden, Code: f.jsonCode, Message: f.message}
}

// bodyLimit is the maximum size of a request in bytes: larger if it can hold an archive.
func bodyLimit(r *http.Request) int64 {
	if (restProtocol{}).claims(r) {
		return lambda.MaxRequest
	}
	return maxBody
}

// unreadable answers a request whose body is too long or was cut short.
func unreadable(w http.ResponseWriter, r *http.Request, err error) {
	var tooLong *http.MaxBytesError
	rest := restProtocol{}
	if rest.claims(r) && errors.As(err, &tooLong) {
		operation, _ := routed(r, map[string]json.RawMessage{})
		refused := lambda.TooLarge(operation)
		w.Header().Set("Content-Type", rest.contentType())
		w.Header().Set("X-Amzn-Errortype", refused.Code)
		w.WriteHeader(refused.Status)
		_, _ = w.Write(rest.failure("", refused)) // the client may be gone
		return
	}
	http.Error(w, "the body cannot be read", http.StatusRequestEntityTooLarge)
}
