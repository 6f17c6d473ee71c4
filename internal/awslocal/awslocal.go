// Package awslocal is the embedded AWS: an HTTP handler that speaks the AWS protocols of the calls that bundle makes, to any AWS SDK.
// With it, bundle works on a fresh machine, offline, and in a pull request without credentials. The tests of this repository run
// against it. NOT FOR PRODUCTION: it protects only sample secrets.
//
// It is not a mock. Signatures are verified, a SecureString is a ciphertext of its KMS, policies decide permissions, and errors
// have AWS's codes and messages. Where it imitates AWS, the code names the page that documents the behavior.
//
// It listens on loopback only, refuses requests for another host name or from a web page, and logs names, never bodies.
package awslocal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/cloudtrail"
	"github.com/whispering/bundle/internal/awslocal/kms"
	"github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
	"github.com/whispering/bundle/internal/awslocal/simulator"
	"github.com/whispering/bundle/internal/awslocal/ssm"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

const (
	// Account is the account of every caller except the roles of other accounts. No real account has this number.
	Account = "000000000000"
	// Region is the default region of a seed.
	Region = "us-east-1"
)

// Server is the embedded AWS. It implements http.Handler.
type Server struct {
	options   options
	key       accessKey // may do everything
	services  map[string]call.Service
	handlers  map[string]map[string]call.Handler // by service and operation
	sts       *sts.Service
	kms       *kms.Service
	ssm       *ssm.Service
	secrets   *secretsmanager.Service
	layers    *lambda.Service
	protocols []protocol
	pristine  map[string]json.RawMessage // the services' states before the first call

	logging sync.Mutex // one line at a time
	faults  faults
	calls   counter
	buckets map[string]*bucket

	dir    *stateDir // nil: in memory
	saver  saver
	gate   sync.RWMutex // held for writing while a sample file is brought in, for reading by every call
	sample sample
	adopts bool // the state is of a release that did not remember the sample file

	closing  chan struct{}
	closed   sync.Once
	listener *http.Server
}

type accessKey struct {
	ID     string `json:"access_key_id"`
	Secret string `json:"secret_access_key"`
}

// New makes a server, in memory unless WithDir is given. It fails with ErrLocked if another process uses the state directory, and
// with an error that names the entry if the seed is wrong.
func New(o ...Option) (*Server, error) {
	s := &Server{options: defaults(), closing: make(chan struct{}), buckets: map[string]*bucket{}}
	for _, option := range o {
		option(&s.options)
	}
	for service, limit := range s.options.buckets {
		s.buckets[service] = newBucket(limit.perSecond, limit.burst)
	}
	s.key.ID, s.key.Secret = sts.NewAccessKey("AKIA")
	s.sts = sts.New(s.wallClock)
	s.kms = kms.New()
	s.kms.ManagedByIdentity, s.kms.NullVariables = s.options.managedByIdentity, s.options.nullVariables
	layersDir := ""
	if s.options.dir != "" {
		layersDir = filepath.Join(s.options.dir, "layers")
	}
	s.layers = lambda.New(layersDir, s.options.clock, s.options.functions)
	s.secrets = secretsmanager.New(s.kms, s.layers, s.options.secrets)
	s.ssm = ssm.New(s.kms, s.secrets, s.options.ssm)
	trails := cloudtrail.New()
	trails.Delay, s.kms.PolicyDelay = s.options.eventDelay, s.options.policyDelay
	if err := s.register(s.sts, s.kms, s.ssm, s.secrets, s.layers, trails, simulator.New(s.sts)); err != nil {
		return nil, err
	}
	s.protocols = append([]protocol{restProtocol{}, jsonProtocol{}}, queryProtocols()...)
	s.Inject(s.options.faults...)
	if err := s.openState(); err != nil {
		return nil, err
	}
	if s.options.seed != nil {
		if _, err := s.BringIn(s.options.environment, s.options.seed); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.kms.Logged = trails.Record // nobody called what brought the sample file in
	return s, nil
}

// openState opens the state directory, if there is one, and reads the state.
func (s *Server) openState() error {
	switch {
	case s.options.dir == "":
		return nil
	case s.options.readOnly:
		return s.load()
	case s.options.seed != nil && !hasState(s.options.dir): // in memory: a wrong sample file makes no directory
		if _, err := s.BringIn(s.options.environment, s.options.seed); err != nil {
			return err
		}
	}
	dir, err := openStateDir(s.options.dir, s.options.root)
	if err != nil {
		return err
	}
	s.dir = dir
	if err := s.load(); err != nil {
		return errors.Join(err, dir.close())
	}
	return nil
}

// register adds services. A new service needs only this, and a protocol that claims its requests.
func (s *Server) register(all ...call.Service) error {
	s.services, s.handlers = map[string]call.Service{}, map[string]map[string]call.Handler{}
	s.pristine = map[string]json.RawMessage{}
	for _, service := range all {
		name := service.Name()
		state, err := service.Snapshot()
		if err != nil {
			return err
		}
		s.services[name], s.handlers[name], s.pristine[name] = service, service.Operations(), state
	}
	return nil
}

// Start listens on addr, which must be a loopback address ("127.0.0.1:0" for any port), and serves until Close. It returns the URL
// that SDKs take as their endpoint. With a state directory, it leaves the URL and the credentials there for other processes.
func (s *Server) Start(addr string) (url string, err error) {
	if url, err = s.listen(addr); err != nil || s.dir == nil {
		return url, err
	}
	return url, s.dir.announce(serverFile{URL: url, accessKey: s.key})
}

// listen serves, but does not announce the address to other processes.
func (s *Server) listen(addr string) (url string, err error) {
	if s.listener != nil {
		return "", errors.New("the server is started already")
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("listen address %q: %w", addr, err)
	}
	if !isLoopback(host) {
		return "", fmt.Errorf("listen address %q is not a loopback address", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	s.listener = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = s.listener.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close stops serving, ends hanging requests and releases the state directory.
func (s *Server) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.closing)
		if s.listener != nil {
			err = s.listener.Close()
		}
		err = errors.Join(err, s.release())
	})
	return err
}

// Credentials returns the static credentials that may do everything. They are random, and those of a state directory never change.
func (s *Server) Credentials() (id, key string) { return s.key.ID, s.key.Secret }

// root is the principal of the server's own credentials and, while no role is declared, of everyone.
func root(keyID string) call.Principal {
	return call.Principal{ARN: "arn:aws:iam::" + Account + ":root", UserID: Account, Account: Account, AccessKeyID: keyID, Root: true}
}

// invoke calls an operation as the server itself, in its default account. The reply is decoded into out, unless that is nil.
func (s *Server) invoke(region, service, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request := s.request(region, service, operation)
	request.Body = body
	reply, err := s.handlers[service][operation](request)
	if err != nil || out == nil {
		return err
	}
	if body, err = json.Marshal(reply); err != nil {
		return err
	}
	return json.Unmarshal(body, out)
}

// request is a request of the server itself, which may do everything.
func (s *Server) request(region, service, operation string) *call.Request {
	return &call.Request{
		Service: service, Operation: operation, Region: region, Account: Account, Caller: root(s.key.ID), Now: s.options.clock(),
	}
}

// wallClock is the machine's time plus the skew of a fault. Signatures and sessions use it, because SDKs know no other clock.
func (s *Server) wallClock() time.Time { return time.Now().Add(s.faults.skew()) }

// requestID makes a request ID in the form of AWS's.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
