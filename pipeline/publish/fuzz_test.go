package publish

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsreply"
)

// canary is in the seeds of FuzzReplies where a link or a message is.
const canary = "cAnArY"

// scripted is a Lambda that answers any call, without a network.
type scripted struct {
	status             int
	list, get, content []byte
	calls              int
}

func (s *scripted) Do(r *http.Request) (*http.Response, error) {
	if s.calls++; s.calls > 4000 {
		return nil, errors.New("too many calls")
	}
	w := httptest.NewRecorder()
	switch {
	case r.URL.Host != "lambda.test":
		_, _ = w.Write(s.content)
	case strings.HasSuffix(r.URL.Path, "/versions"):
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.list)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(s.status)
		_, _ = w.Write(s.get)
	}
	reply := w.Result()
	reply.Request = r
	return reply, nil
}

// FuzzReplies sends any replies to Find and Download. Whatever they are, a version that is found is of the layer that was asked
// for, a content that is returned has its digest, and no error shows a link.
func FuzzReplies(f *testing.F) {
	const arn = "arn:aws:lambda:us-east-1:222222222222:layer:shop-dev"
	sum := sha256.Sum256([]byte("content"))
	digest := base64.StdEncoding.EncodeToString(sum[:])
	list := `{"LayerVersions":[{"Version":9,"LayerVersionArn":"` + arn + `:9"},{"Version":7,"LayerVersionArn":"` + arn + `:7"}],"NextMarker":""}`
	get := `{"Version":7,"LayerVersionArn":"` + arn + `:7","CreatedDate":"2026-11-01T10:00:00.000+0000","Content":{"CodeSha256":"` + digest +
		`","CodeSize":7,"Location":"https://s3.test/x?` + canary + `"}}`
	for _, l := range []string{list, `{"LayerVersions":[],"NextMarker":"` + canary + `"}`, `{}`, ``, `{"LayerVersions":[{"Version":-1}]}`, `{"LayerVersions":[null]}`,
		`{"LayerVersions":[{"Version":6},{"Version":7}],"NextMarker":"x"}`, `{"LayerVersions":[{"Version":7,"LayerVersionArn":"` + canary + `:7"}]}`} {
		f.Add(200, []byte(l), []byte(get), []byte("content"))
	}
	for _, g := range []string{`{}`, `null`, `{"Version":7,"LayerVersionArn":"` + arn + `:8"}`, strings.ReplaceAll(get, ":7,", ":8,"), strings.ReplaceAll(get, "https", "http"),
		strings.ReplaceAll(get, "https://s3.test/", "https://user:"+canary+"@s3.test/"), strings.ReplaceAll(get, "https://s3.test", ""), strings.ReplaceAll(get, `"CodeSize":7`, `"CodeSize":99999999999`),
		strings.ReplaceAll(get, digest, "AAAA"), `{"__type":"ResourceNotFoundException","Message":"` + canary + `"}`} {
		for _, status := range []int{200, 404, 403, 500} {
			f.Add(status, []byte(list), []byte(g), []byte("content"))
			f.Add(status, []byte(list), []byte(g), []byte("content and more"))
		}
	}
	fake := &scripted{}
	var all []*Lambda
	for _, checked := range []bool{true, false} {
		cfg := config("https://lambda.test", "AKIAEXAMPLE", "example")
		cfg.HTTPClient = fake
		if checked { // as in every run; the checks of this package must also hold without it
			cfg.APIOptions = []func(*middleware.Stack) error{awsreply.Check}
		}
		all = append(all, New(cfg, "222222222222"))
	}
	f.Fuzz(func(t *testing.T, status int, list, get, content []byte) {
		if status < 200 || status > 599 {
			t.Skip()
		}
		hidden := hidesCanary(list, get)
		for _, l := range all {
			for _, ref := range []Ref{{Layer: "shop-dev"}, {Layer: "shop-dev", Version: 7}, {Layer: "shop-dev", Before: 9}, {Layer: arn}} {
				*fake = scripted{status: status, list: list, get: get, content: content}
				v, err := l.Find(context.Background(), ref)
				if err != nil {
					checkError(t, err, hidden)
					continue
				}
				if got, err := ParseARN(v.ARN); err != nil || got.Layer != arn || got.Version != v.Number || v.Number < 1 || ref.Version != 0 && v.Number != ref.Version ||
					ref.Before != 0 && v.Number >= ref.Before || len(v.SHA256) != 64 || v.Size < 0 {
					t.Fatalf("%+v: found %+v", ref, v)
				}
				if v.Size > 1<<20 {
					continue // a buffer of that size for each execution
				}
				layer, err := l.Download(context.Background(), v)
				if err != nil {
					checkError(t, err, hidden)
					continue
				}
				if sum := sha256.Sum256(layer); hex.EncodeToString(sum[:]) != v.SHA256 || int64(len(layer)) != v.Size || string(layer) != string(content) && !strings.Contains(v.location, "lambda.test") {
					t.Fatalf("downloaded %d bytes for %+v", len(layer), v)
				}
			}
		}
	})
}

// hidesCanary reports whether the canary is only where a link, a message or a marker is, so that no error may show it. ARNs and
// codes can be shown, and the host of a link.
func hidesCanary(documents ...[]byte) bool {
	for _, b := range documents {
		var document any
		if json.Unmarshal(b, &document) == nil && shown(document) {
			return false
		}
	}
	return true
}

func shown(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, of := range v {
			text, _ := of.(string)
			if strings.EqualFold(key, "Location") {
				text, _, _ = strings.Cut(text, "/x?") // the host
			} else if strings.EqualFold(key, "Message") || strings.EqualFold(key, "NextMarker") {
				text = ""
			}
			if strings.Contains(text, canary) || shown(of) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, shown)
	}
	return false
}

func checkError(t *testing.T, err error, hidden bool) {
	t.Helper()
	known := slices.ContainsFunc([]error{ErrNoLayer, ErrVanished, ErrDenied, ErrReply, ErrUnavailable, ErrCredentials, ErrDamaged},
		func(sentinel error) bool { return errors.Is(err, sentinel) })
	if !known {
		t.Fatalf("an error of no kind: %v", err)
	}
	if hidden && strings.Contains(err.Error(), canary) {
		t.Fatalf("a link or a message in %q", err)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x00\x1b\u2028\u202e") {
		t.Fatalf("%q is not printable", err)
	}
}

var _ aws.HTTPClient = (*scripted)(nil)
