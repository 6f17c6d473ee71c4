package awslocal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/awslocal/sigv4"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// maxBody is the maximum size of a request in bytes. SSM and KMS accept much less.
const maxBody = 1 << 20

// exchange is one request in progress, and its answer.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	began time.Time
	id    string

	protocol           protocol
	service, operation string
	in                 []byte // the request's body, and its members as JSON
	body               []byte
	answer             answer
	errorType          string // the code of the error in the answer
}

type answer struct {
	status      int
	contentType string
	location    string
	body        []byte
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !fromHere(r) {
		http.Error(w, "the embedded AWS answers local programs only", http.StatusForbidden)
		return
	}
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, lambda.DownloadPath) {
		s.layers.ServeHTTP(w, r)
		return
	}
	x := &exchange{w: w, r: r, began: time.Now(), id: requestID()}
	var err error
	if x.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit(r))); err != nil {
		unreadable(w, r, err)
		return
	}
	for _, p := range s.protocols {
		if p.claims(r) {
			x.protocol = p
			break
		}
	}
	if x.protocol == nil {
		http.Error(w, "no service of the embedded AWS has this protocol", http.StatusNotFound)
		return
	}
	x.answer.contentType = x.protocol.contentType()
	s.serve(x)
	s.log(x)
}

// serve answers x. Unless a fault answers it first, the service does, and then the fault may change the answer.
func (s *Server) serve(x *exchange) {
	var unread error
	x.service, x.operation, x.in, unread = x.protocol.read(x.r, x.body)
	names := x.counted()
	s.calls.add(names...)
	fault := s.faults.next(names)
	if fault != nil && s.faultBefore(x, fault) {
		return
	}
	out, err := s.handle(x, unread)
	if !s.wait(x.r.Context(), s.options.latency-time.Since(x.began)) {
		return
	}
	x.answer.status = http.StatusOK
	if rest, ok := x.protocol.(restProtocol); ok {
		x.answer.status = rest.status(x.operation)
	}
	if err == nil {
		x.answer.body, err = x.protocol.reply(x.operation, x.id, out)
	}
	if err != nil {
		x.fail(asError(x.protocol, err))
	}
	if fault != nil && s.faultAfter(x, fault) {
		return
	}
	s.write(x)
}

func (x *exchange) fail(e *call.Error) {
	x.answer.status, x.answer.body, x.errorType = e.Status, x.protocol.failure(x.id, e), e.Code
}

// handle finds the operation and the caller, calls the service, and saves what changed.
func (s *Server) handle(x *exchange, unread error) (any, error) {
	if unread != nil {
		return nil, unread
	}
	handler, ok := s.handlers[x.service][x.operation]
	if !ok {
		return nil, unknownOperation(x)
	}
	caller, region, err := s.authenticate(x.r, x.service, x.body)
	if x.service == "sts" && x.operation == sts.WebIdentity { // the token authenticates its caller
		caller, region, err = call.Principal{}, regionOf(x.r), nil
	}
	if err != nil {
		return nil, err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	if b := cmp.Or(s.buckets[x.service+":"+x.operation], s.buckets[x.service]); b != nil && !b.take(time.Now()) {
		return nil, throttled(x.service)
	}
	out, err := handler(&call.Request{
		ID: x.id, Service: x.service, Operation: x.operation, Region: region,
		Account: caller.Account, Caller: caller, Endpoint: "http://" + x.r.Host, Now: s.options.clock(), Body: x.in,
	})
	if err == nil && s.services[x.service].Mutates(x.operation) {
		err = s.persist()
	}
	return out, err
}

func unknownOperation(x *exchange) error {
	if x.service == "sts" || x.service == "iam" {
		return &call.Error{Code: "InvalidAction", Message: fmt.Sprintf("Could not find operation %s", x.operation)}
	}
	return call.NewError("UnknownOperationException", "The embedded AWS does not have this operation.")
}

func (s *Server) write(x *exchange) {
	x.header()
	x.w.Header().Set("Date", s.wallClock().UTC().Format(http.TimeFormat))
	x.w.WriteHeader(x.answer.status)
	_, _ = x.w.Write(x.answer.body) // the client may be gone
}

func (x *exchange) header() {
	h := x.w.Header()
	h.Set("Content-Type", x.answer.contentType)
	h.Set("Content-Length", strconv.Itoa(len(x.answer.body)))
	h.Set("X-Amzn-Requestid", x.id)
	if x.errorType != "" {
		h.Set("X-Amzn-Errortype", x.errorType)
	}
	if x.answer.location != "" {
		h.Set("Location", x.answer.location)
	}
}

// wait waits for d. It returns false if the client or the server was gone first.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.closing:
	}
	return false
}

// counted returns the names that x counts as: "ssm:GetParameters", and one more if it decrypts.
func (x *exchange) counted() []string {
	name := x.service + ":" + x.operation
	var in struct{ WithDecryption bool }
	if x.service == "ssm" && bytes.Contains(x.in, []byte("WithDecryption")) && json.Unmarshal(x.in, &in) == nil && in.WithDecryption {
		return []string{name, name + "(decrypt)"}
	}
	return []string{name}
}

// fromHere refuses what a web page could send: a request for another host name (DNS rebinding), or one that a browser made.
func fromHere(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	return isLoopback(host) && len(r.Header.Values("Origin")) == 0
}

func isLoopback(host string) bool {
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// log writes the line of a request.
func (s *Server) log(x *exchange) {
	if s.options.log == io.Discard {
		return
	}
	var in struct {
		Name, Path, KeyId, SourceKeyId, DestinationKeyId, AliasName, RoleArn, LayerName, Arn, PolicySourceArn, FunctionName, SecretId string
		Names, SecretIdList                                                                                                           []string
	}
	_ = json.Unmarshal(x.in, &in) // a request that cannot be read has no names to log
	var names strings.Builder
	single := []string{in.Name, in.Path, in.KeyId, in.SourceKeyId, in.DestinationKeyId, in.AliasName, in.RoleArn, in.LayerName, in.Arn, in.PolicySourceArn,
		in.FunctionName, in.SecretId}
	for _, name := range slices.Concat(in.Names, in.SecretIdList, single) {
		if name != "" {
			fmt.Fprintf(&names, " %q", name)
		}
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	fmt.Fprintf(s.options.log, "%s %s%s %d %s\n", x.service, printable(x.operation), names.String(), x.answer.status,
		time.Since(x.began).Round(10*time.Microsecond))
}

// printable returns the name of an operation, which comes from the client, in a form that is safe to log.
func printable(operation string) string {
	if strings.Trim(operation, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return strconv.Quote(operation)
	}
	return operation
}

// regionOf returns the region that a request is signed for, verified or not.
func regionOf(r *http.Request) string {
	if sig, err := sigv4.Parse(r); err == nil {
		return sig.Region
	}
	return Region
}
