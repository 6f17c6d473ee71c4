package child

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log" //nolint:depguard // net/http takes a logger to write nothing to
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/sigv4"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/runtime/kms"
	"github.com/whispering/bundle/runtime/secrets"
)

// A KMS answers kms:Decrypt for the boxes of one document, which it saw being opened,
// on a loopback address. So a command that runs with it needs no rights in AWS, and
// the state of the embedded AWS stays free for other commands.
//
// It answers only who signs with its own credentials or with those of Accept, and
// forgets everything with the process. It accepts any date, because tests often stop
// the clock, and a repeated request tells nothing new.
type KMS struct {
	mu     sync.Mutex
	boxes  map[string]box    // by ciphertext
	known  map[string]string // secret access keys, by ID
	id     string            // its own, in known
	server *http.Server
}

// A box is one that was opened.
type box struct {
	key       string // ARN
	context   map[string]string
	plaintext secret.Value
}

// NewKMS returns a KMS with random credentials, which answers nobody until Start.
func NewKMS() *KMS {
	id, key := sts.NewAccessKey("AKIA")
	return &KMS{boxes: map[string]box{}, known: map[string]string{id: key}, id: id}
}

// Accept makes it answer who signs with these credentials, too.
func (k *KMS) Accept(id, key string) { k.known[id] = key }

// Watch returns a decrypter that opens boxes as a helper with these variables does, and
// remembers them.
func (k *KMS) Watch(environ []string) secrets.Decrypter {
	return watcher{k, kms.New(kms.Options{Getenv: func(name string) string {
		return console.Variable(environ, name)
	}})}
}

type watcher struct {
	kms  *KMS
	with *kms.Client
}

func (w watcher) Decrypt(ctx context.Context, keyARN string, ciphertext []byte, encryptionContext map[string]string) ([]byte, error) {
	plaintext, err := w.with.Decrypt(ctx, keyARN, ciphertext, encryptionContext)
	if err == nil {
		w.kms.mu.Lock()
		defer w.kms.mu.Unlock()
		w.kms.boxes[string(ciphertext)] = box{keyARN, maps.Clone(encryptionContext), secret.New(plaintext)}
	}
	return plaintext, err
}

// Start listens on a loopback address until Close, and returns its URL.
func (k *KMS) Start(ctx context.Context) (url string, err error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	k.server = &http.Server{Handler: k, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = k.server.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close stops answering.
func (k *KMS) Close() { _ = k.server.Close() }

// Credentials returns its own.
func (k *KMS) Credentials() (id, key string) { return k.id, k.known[k.id] }

// A refusal is an error of KMS
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors).
type refusal struct {
	Type    string `json:"__type"`
	Message string `json:"message,omitempty"`
}

// ServeHTTP answers one request.
func (k *KMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const most = 64 << 10
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return
	}
	answer, refused := k.decrypt(r, body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if refused != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(refused)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// A reply is the reply of Decrypt.
type reply struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte
	EncryptionAlgorithm string
}

func (k *KMS) decrypt(r *http.Request, body []byte) (*reply, *refusal) {
	if r.Header.Get("Origin") != "" || !loopback(r.Host) { // a page in a browser
		return nil, &refusal{"AccessDeniedException", "the KMS of bundle run answers no web page"}
	}
	if err := k.authenticate(r, body); err != nil {
		return nil, &refusal{"UnrecognizedClientException", "the KMS of bundle run accepts only the credentials that the command got from it"}
	}
	if r.Header.Get("X-Amz-Target") != "TrentService.Decrypt" {
		return nil, &refusal{"UnknownOperationException", "the KMS of bundle run only decrypts"}
	}
	var in struct {
		KeyID             string `json:"KeyId"`
		CiphertextBlob    []byte
		EncryptionContext map[string]string
	}
	if json.Unmarshal(body, &in) != nil {
		return nil, &refusal{Type: "SerializationException"}
	}
	k.mu.Lock()
	found, ok := k.boxes[string(in.CiphertextBlob)]
	k.mu.Unlock()
	switch {
	case !ok || !maps.Equal(found.context, in.EncryptionContext):
		return nil, &refusal{Type: "InvalidCiphertextException"}
	case in.KeyID == "":
		in.KeyID = found.key
	case !sameKey(in.KeyID, found.key):
		return nil, &refusal{Type: "IncorrectKeyException"}
	}
	return &reply{in.KeyID, found.plaintext.Reveal(), "SYMMETRIC_DEFAULT"}, nil
}

var errStranger = errors.New("unknown access key ID")

func (k *KMS) authenticate(r *http.Request, body []byte) error {
	sig, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	key, ok := k.known[sig.KeyID]
	if !ok || sig.Service != "kms" {
		return errStranger
	}
	return sig.Verify(r, body, key)
}

// sameKey reports whether two ARNs are of one key, or of a multi-Region key in two
// regions.
func sameKey(a, b string) bool {
	if a == b {
		return true
	}
	_, idA, _ := strings.Cut(a, ":key/")
	_, idB, _ := strings.Cut(b, ":key/")
	return idA == idB && strings.HasPrefix(idA, "mrk-")
}

// loopback reports whether the host of a request is this machine. A web page whose
// name leads here has another one.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}
