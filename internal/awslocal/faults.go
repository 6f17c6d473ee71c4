package awslocal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults. Those of the first group keep the call from its service.
const (
	Fail     Kind = "fail"     // an AWS error: Status (400), Code (InternalServerError), Message
	Hang     Kind = "hang"     // no answer until the client gives up or the server is closed
	Reset    Kind = "reset"    // the connection is reset (RST) without an answer
	Empty    Kind = "empty"    // status 200 with {}
	NoBody   Kind = "no-body"  // status 200 with nothing
	HTML     Kind = "html"     // a proxy's page: Status (200)
	Redirect Kind = "redirect" // status 307 to Location
	Body     Kind = "body"     // Status (200) with Body, in which {n} is the number of the call, counted from the first that the fault affects
	Flood    Kind = "flood"    // status 200 with a GiB

	Slow     Kind = "slow"      // the correct answer after Delay
	Drip     Kind = "drip"      // the correct answer, a byte every Delay (100 ms)
	Cut      Kind = "cut"       // the connection ends (FIN) in the middle of the body
	Truncate Kind = "truncate"  // half of the body, as if it were complete
	WrongKey Kind = "wrong-key" // the answer has another KeyId: Key, or one that does not exist
	Edit     Kind = "edit"      // Member of the answer has Value, or is absent if there is none
	Double   Kind = "double"    // the correct answer twice, as if it were one

	// The last group changes the server from that call on, including this one, until ClearFaults or, for a key, EnableKey. A moved label
	// stays where it is.
	Skew              Kind = "skew"               // the server's clock is off by Delay
	ExpireCredentials Kind = "expire-credentials" // all credentials are expired
	DisableKey        Kind = "disable-key"        // the KMS key Key (ID, ARN or alias of the default account) is disabled
	MoveStage         Kind = "move-stage"         // AWSCURRENT of the secret Key (name or ARN) moves to the version with AWSPREVIOUS
)

// Fault is something that goes wrong at chosen calls.
type Fault struct {
	// Operation is "ssm:GetParameters", "ssm:GetParameters(decrypt)", "kms:*", or "" for every call.
	Operation string `json:"operation"`
	// Nth is the first call that the fault affects, counted from 1 over the calls that match Operation since the fault was injected.
	// 0 also means the first.
	Nth int `json:"nth"`
	// Times is how many calls in a row it affects. 0 means one call if Nth is set, and every call otherwise.
	Times int  `json:"times"`
	Kind  Kind `json:"kind"`

	Status   int           `json:"status"`
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Delay    time.Duration `json:"delay"` // before the fault is sent, or as its kind says; in JSON a string: "200ms"
	Key      string        `json:"key"`
	Location string        `json:"location"`
	Body     string        `json:"body"`

	// Member is the path of a member, such as "Parameters[0].ARN"; "[]" means every item of a list.
	Member string          `json:"member"`
	Value  json.RawMessage `json:"value"`

	call int // the number of the call that the fault affects
}

// UnmarshalJSON implements json.Unmarshaler. It refuses unknown members and kinds.
func (f *Fault) UnmarshalJSON(b []byte) error {
	type plain Fault
	in := struct {
		*plain
		Delay string `json:"delay"`
	}{plain: (*plain)(f)}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	kinds := []Kind{Fail, Hang, Reset, Empty, NoBody, HTML, Redirect, Body, Flood, Slow, Drip, Cut, Truncate, WrongKey, Edit, Double, Skew,
		ExpireCredentials, DisableKey, MoveStage}
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("unknown kind of fault %q", f.Kind)
	}
	if in.Delay == "" {
		return nil
	}
	var err error
	f.Delay, err = time.ParseDuration(in.Delay)
	return err
}

// faults has the injected faults, and what the last group of kinds has changed.
type faults struct {
	mu      sync.Mutex
	armed   []*armed
	offset  time.Duration
	expired bool
}

type armed struct {
	Fault
	seen int
}

// Inject adds faults. If several match a call, the first one injected wins, but all of them count the call.
func (s *Server) Inject(all ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range all {
		s.faults.armed = append(s.faults.armed, &armed{Fault: f})
	}
}

// ClearFaults removes every fault, the skew of the clock and the expiry of credentials.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.armed, s.faults.offset, s.faults.expired = nil, 0, false
}

// next counts a call with the given names, and returns the fault that affects it, or nil.
func (f *faults) next(names []string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit *Fault
	for _, a := range f.armed {
		if a.means(names) && a.meets() && hit == nil {
			met := a.Fault
			met.call = a.seen - max(a.Nth, 1) + 1
			hit = &met
		}
	}
	return hit
}

func (a *armed) means(names []string) bool {
	service, all := strings.CutSuffix(a.Operation, ":*")
	return a.Operation == "" || all && strings.HasPrefix(names[0], service+":") || slices.Contains(names, a.Operation)
}

// meets counts one call, and reports whether the fault affects it.
func (a *armed) meets() bool {
	a.seen++
	first, times := max(a.Nth, 1), a.Times
	if times == 0 && a.Nth > 0 {
		times = 1
	}
	return a.seen >= first && (times == 0 || a.seen < first+times)
}

func (f *faults) skew() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.offset
}

func (f *faults) credentialsExpired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.expired
}

// faultBefore applies a fault before the call reaches its service. It reports whether that was the answer.
func (s *Server) faultBefore(x *exchange, f *Fault) bool {
	switch f.Kind {
	case Skew:
		s.faults.mu.Lock()
		defer s.faults.mu.Unlock()
		s.faults.offset = f.Delay
		return false
	case ExpireCredentials:
		s.faults.mu.Lock()
		defer s.faults.mu.Unlock()
		s.faults.expired = true
		return false
	case DisableKey, MoveStage:
		var err error
		if f.Kind == DisableKey {
			err = s.disableKey(regionOf(x.r), f.Key)
		} else {
			err = s.secrets.MoveBack(s.request(regionOf(x.r), "secretsmanager", "UpdateSecretVersionStage"), f.Key)
		}
		if err != nil {
			x.fail(&call.Error{Status: http.StatusInternalServerError, Code: "FaultInjection", Message: err.Error()})
			s.write(x)
		}
		return err != nil
	case Fail:
		e := call.Error{Status: f.Status, Code: f.Code, Message: f.Message}
		if e.Code == "" {
			e.Status, e.Code = max(e.Status, http.StatusInternalServerError), "InternalServerError"
		}
		x.fail(asError(x.protocol, &e))
	case Empty:
		x.answer = answer{http.StatusOK, x.answer.contentType, "", []byte("{}")}
	case NoBody:
		x.answer = answer{http.StatusOK, x.answer.contentType, "", nil}
	case HTML:
		x.answer = answer{max(f.Status, http.StatusOK), "text/html", "", []byte("<html><body><h1>Proxy login</h1></body></html>")}
	case Body:
		x.answer = answer{max(f.Status, http.StatusOK), x.answer.contentType, "", f.numbered()}
	case Flood:
		s.flood(x)
		return true
	case Redirect:
		x.answer = answer{http.StatusTemporaryRedirect, x.answer.contentType, f.Location, nil}
	case Hang:
		select {
		case <-x.r.Context().Done():
		case <-s.closing:
		}
		panic(http.ErrAbortHandler)
	case Reset:
		x.sever(nil)
		return true
	default:
		return false
	}
	if s.wait(x.r.Context(), f.Delay) {
		s.write(x)
	}
	return true
}

// disableKey disables a key by any of its names.
func (s *Server) disableKey(region, key string) error {
	var described struct{ KeyMetadata struct{ KeyId string } }
	if err := s.invoke(region, "kms", "DescribeKey", map[string]string{"KeyId": key}, &described); err != nil {
		return err
	}
	return s.invoke(region, "kms", "DisableKey", described.KeyMetadata, nil)
}

// faultAfter applies a fault to the correct answer. It reports whether the answer has been sent.
func (s *Server) faultAfter(x *exchange, f *Fault) bool {
	body := x.answer.body
	switch f.Kind {
	case Slow:
		return !s.wait(x.r.Context(), f.Delay)
	case Truncate:
		x.answer.body = body[:len(body)/2]
	case WrongKey:
		x.answer.body = wrongKey(body, f.Key)
	case Edit, Double:
		x.change(f)
	case Cut:
		x.sever(fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", x.answer.status,
			http.StatusText(x.answer.status), x.answer.contentType, len(body), body[:len(body)/2]))
		return true
	case Drip:
		x.header()
		x.w.WriteHeader(x.answer.status)
		delay := f.Delay
		if delay == 0 {
			delay = 100 * time.Millisecond
		}
		for i := range body {
			_, err := x.w.Write(body[i : i+1])
			if err != nil || http.NewResponseController(x.w).Flush() != nil || !s.wait(x.r.Context(), delay) {
				panic(http.ErrAbortHandler)
			}
		}
		return true
	}
	return false
}

// sever takes over the connection, writes raw, and ends it: cleanly after an answer, with a reset if there is none.
func (x *exchange) sever(raw []byte) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && raw == nil {
		_ = tcp.SetLinger(0)
	}
	_, _ = conn.Write(raw)
	_ = conn.Close()
}

// wrongKey changes the KeyId of a KMS answer.
func wrongKey(body []byte, key string) []byte {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return body
	}
	if key == "" {
		key = "arn:aws:kms:" + Region + ":" + Account + ":key/00000000-0000-0000-0000-000000000000"
	}
	if meta, ok := members["KeyMetadata"].(map[string]any); ok {
		meta["Arn"], meta["KeyId"] = key, key[strings.LastIndex(key, "/")+1:]
	} else {
		members["KeyId"] = key
	}
	changed, err := json.Marshal(members)
	if err != nil {
		return body // JSON that was read can be written
	}
	return changed
}
