package execwrap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/whispering/bundle/runtime/secrets"
)

// The codes of failures that only the wrapper has.
const (
	ErrSnapStart secrets.Code = "snapstart_refused" // SnapStart without permission
	ErrExec      secrets.Code = "exec_failed"       // the program cannot be started
)

// An Error is a failure of the wrapper itself.
type Error struct {
	Code   secrets.Code
	Reason string
	cause  error
}

// Error returns the reason and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Reason, string(e.Code)) }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the cause of the failure, or nil.
func (e *Error) Unwrap() error { return e.cause }

func failf(code secrets.Code, format string, args ...any) error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

func failedExec(command string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{ErrExec, fmt.Sprintf("program %q cannot be started: %v", command, err), err}
}

func codeOf(err error) secrets.Code {
	var ours *Error
	if errors.As(err, &ours) {
		return ours.Code
	}
	return secrets.CodeOf(err)
}

// exitStatus returns the exit status for an error, by sysexits.h.
func exitStatus(err error) int {
	switch codeOf(err) {
	case secrets.ErrDocument, secrets.ErrUnknownFormat, secrets.ErrWrongFunction, secrets.ErrWrongEnvironment,
		secrets.ErrWrongKey, secrets.ErrWrongDigest, secrets.ErrTampered:
		return 65 // EX_DATAERR
	case secrets.ErrBundleNotFound:
		return 66 // EX_NOINPUT
	case secrets.ErrKeyUnusable:
		return 69 // EX_UNAVAILABLE
	case secrets.ErrUnavailable:
		return 75 // EX_TEMPFAIL
	case secrets.ErrReply:
		return 76 // EX_PROTOCOL
	case secrets.ErrAccessDenied, secrets.ErrCredentials:
		return 77 // EX_NOPERM
	case secrets.ErrSetting, secrets.ErrSecretNotFound, secrets.ErrEndpoint, secrets.ErrReservedVariable, secrets.ErrValue, ErrSnapStart:
		return 78 // EX_CONFIG
	case ErrExec:
		if errors.Is(err, fs.ErrNotExist) {
			return 127
		}
		return 126
	}
	return 70 // EX_SOFTWARE
}

// errorType returns the error type for Lambda's runtime API. The API accepts
// (Runtime|Function)\.[A-Z][a-zA-Z]+ and shows "Unknown" for anything else.
func errorType(code secrets.Code) string {
	name := "Runtime.Secrets"
	for word := range strings.SplitSeq(string(code), "_") {
		if word != "" {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name
}

// report reports to the runtime API why the runtime does not start
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror).
func report(ctx context.Context, api string, failure error) error {
	kind := errorType(codeOf(failure))
	body, err := json.Marshal(map[string]any{"errorMessage": failure.Error(), "errorType": kind, "stackTrace": []string{}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+api+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/vnd.aws.lambda.error+json")
	r.Header.Set("Lambda-Runtime-Function-Error-Type", kind)
	direct := &http.Transport{} // without a proxy: the API is on this machine
	defer direct.CloseIdleConnections()
	reply, err := direct.RoundTrip(r)
	if err != nil {
		return err
	}
	_ = reply.Body.Close() // only the status counts
	if reply.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil
}
