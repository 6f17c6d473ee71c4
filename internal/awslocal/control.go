package awslocal

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// controlPath is the path of control operations: POST /_local/OPERATION with a JSON body, and the server's own access key ID and
// secret as user and password of basic authentication. Web pages and roles have no access.
const controlPath = "/_local/"

// controls are the operations below controlPath.
func (s *Server) controls(r *http.Request) map[string]func(body []byte) (any, error) {
	return map[string]func([]byte) (any, error){
		"PutRole": func(body []byte) (any, error) {
			var role sts.Role
			if err := strict(body, &role); err != nil {
				return nil, err
			}
			return nil, s.PutRole(role)
		},
		"PutProvider": func(body []byte) (any, error) {
			var provider sts.Provider
			if err := strict(body, &provider); err != nil {
				return nil, err
			}
			return nil, s.PutProvider(provider)
		},
		"DeleteRole": func(body []byte) (any, error) {
			var in struct {
				Name    string `json:"name"`
				Account string `json:"account"`
			}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			if !s.sts.DeleteRole(cmp.Or(in.Account, Account), in.Name) {
				return nil, errors.New("no such role")
			}
			return nil, s.persist()
		},
		"ListRoles": func([]byte) (any, error) { return map[string]any{"roles": s.sts.Roles()}, nil },
		"Reset": func(body []byte) (any, error) { // the body is a sample file, or {} for the one that is known
			if string(bytes.TrimSpace(body)) == "{}" {
				body = nil
			}
			return nil, s.Reset(body)
		},
		"Sample": func(body []byte) (any, error) { // the body is a sample file
			conflicts, err := s.BringIn(r.URL.Query().Get("environment"), body)
			if err != nil {
				return nil, err
			}
			return sampleReply{conflicts, s.Removed()}, nil
		},
		"FromSample": func(body []byte) (any, error) {
			var in struct {
				Name string `json:"name"`
			}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			version, err := s.FromSample(in.Name)
			return fromSampleReply{version}, err
		},
		"SecretFromSample": func(body []byte) (any, error) {
			var in struct {
				Name string `json:"name"`
			}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			id, err := s.SecretFromSample(in.Name)
			return secretFromSampleReply{id}, err
		},
		"SetFunctionState": func(body []byte) (any, error) {
			in := struct {
				ARN       string `json:"arn"`
				Qualifier string `json:"qualifier"` // "" for $LATEST
				*lambda.FunctionState
			}{FunctionState: new(lambda.FunctionState)}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			return nil, s.SetFunctionState(in.ARN, in.Qualifier, *in.FunctionState)
		},
		"FailFunctionUpdate": func(body []byte) (any, error) {
			in := struct {
				ARN string `json:"arn"`
				*lambda.Failure
			}{Failure: new(lambda.Failure)}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			return nil, s.FailFunctionUpdate(in.ARN, *in.Failure)
		},
		"SetListDelay": func(body []byte) (any, error) {
			var in struct {
				Seconds int `json:"seconds"`
			}
			if err := strict(body, &in); err != nil {
				return nil, err
			}
			return nil, s.SetListDelay(time.Duration(in.Seconds) * time.Second)
		},
		"Calls": func([]byte) (any, error) { return s.Calls(), nil },
		"ResetCalls": func([]byte) (any, error) {
			s.ResetCalls()
			return nil, nil
		},
		"Inject": func(body []byte) (any, error) {
			var all []Fault
			if err := strict(body, &all); err != nil {
				return nil, err
			}
			s.Inject(all...)
			return nil, nil
		},
		"ClearFaults": func([]byte) (any, error) {
			s.ClearFaults()
			return nil, nil
		},
	}
}

// PutRole declares a role, or replaces the one of its account (default Account) and name.
func (s *Server) PutRole(r sts.Role) error {
	r.Account = cmp.Or(r.Account, Account)
	if err := s.sts.PutRole(r); err != nil {
		return err
	}
	return s.persist()
}

// PutProvider declares an OpenID Connect identity provider, or replaces the one of its account (default Account) and URL.
func (s *Server) PutProvider(p sts.Provider) error {
	p.Account = cmp.Or(p.Account, Account)
	if err := s.sts.PutProvider(p); err != nil {
		return err
	}
	return s.persist()
}

// Share gives a key the policy that Resource Access Manager keeps for a shared key, as sharing the key would. "" takes it away.
func (s *Server) Share(keyARN, policy string) error {
	if err := s.kms.Share(keyARN, policy); err != nil {
		return err
	}
	return s.persist()
}

// SetFunctionState makes a function, version or alias show a state until another one is set: see lambda.Service.SetState.
func (s *Server) SetFunctionState(arn, qualifier string, state lambda.FunctionState) error {
	if err := s.layers.SetState(arn, qualifier, state); err != nil {
		return err
	}
	return s.persist()
}

// SetListDelay is WithListDelay for a server that is running, at most five minutes
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html). It is not part of the state.
func (s *Server) SetListDelay(d time.Duration) error {
	const most = 5 * time.Minute
	if d < 0 || d > most {
		return errors.New("ListSecrets can be from 0 to 300 seconds late")
	}
	s.secrets.SetListDelay(d)
	return nil
}

// FailFunctionUpdate makes the next update of a function fail: see lambda.Service.FailUpdate.
func (s *Server) FailFunctionUpdate(arn string, why lambda.Failure) error {
	if err := s.layers.FailUpdate(arn, why); err != nil {
		return err
	}
	return s.persist()
}

type sampleReply struct {
	Conflicts []string `json:"conflicts"`
	Removed   []string `json:"removed"`
}

type fromSampleReply struct {
	Version int64 `json:"version"`
}

type secretFromSampleReply struct {
	VersionID string `json:"version_id"`
}

// control answers below controlPath.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	given, own := []byte(id+":"+secret), []byte(s.key.ID+":"+s.key.Secret)
	if subtle.ConstantTimeCompare(given, own) != 1 {
		http.Error(w, "the control endpoint needs the server's own credentials", http.StatusForbidden)
		return
	}
	operation, known := s.controls(r)[strings.TrimPrefix(r.URL.Path, controlPath)]
	if !known || r.Method != http.MethodPost {
		http.Error(w, "no such control operation", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxSample))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusRequestEntityTooLarge)
		return
	}
	var reply []byte
	status := http.StatusOK
	out, err := operation(body)
	if err == nil {
		reply, err = jsonProtocol{}.reply("", "", out)
	}
	if err != nil {
		status = http.StatusBadRequest
		reply = jsonProtocol{}.failure("", call.NewError("ValidationException", err.Error()))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(reply) // the client may be gone
}

// strict decodes a control request. Unknown members are refused.
func strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("the request cannot be read: " + err.Error())
	}
	return nil
}
