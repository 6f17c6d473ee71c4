package param_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
)

// A crowdedAccount answers GetParameters at the default quota of an account, in the time of a synctest bubble. It has no
// network: goroutines that wait for one would keep the time of the bubble from passing.
type crowdedAccount struct {
	mu        sync.Mutex
	bucket    *rate.Limiter
	asked     int
	throttled int
}

// Do implements aws.HTTPClient.
func (a *crowdedAccount) Do(r *http.Request) (*http.Response, error) {
	var in struct{ Names []string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	time.Sleep(20 * time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if !a.bucket.Allow() {
		a.throttled++
		return response(http.StatusBadRequest, map[string]any{"__type": "ThrottlingException", "message": "Rate exceeded"})
	}
	var parameters []map[string]any
	for _, name := range in.Names {
		parameters = append(parameters, map[string]any{
			"Name": name, "Type": "SecureString", "Value": "value of " + name, "Version": 1, "DataType": "text",
			"ARN":              "arn:aws:ssm:us-east-1:000000000000:parameter" + name,
			"LastModifiedDate": 1761998400.123,
		})
	}
	return response(http.StatusOK, map[string]any{"Parameters": parameters, "InvalidParameters": []string{}})
}

func response(status int, body any) (*http.Response, error) {
	b, err := json.Marshal(body)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(bytes.NewReader(b)), ContentLength: int64(len(b)),
	}, err
}

// TestBuildsShareTheQuota lets 300 builds begin at once in one account, each as a process of its own that knows nothing of
// the others. Together they get what the quota allows, none fails, and none waits until all others are done.
func TestBuildsShareTheQuota(t *testing.T) {
	counts := []int{1, 3, 30, 300}
	if testing.Short() {
		counts = counts[:3] // for the race detector
	}
	for _, builds := range counts {
		t.Run(strconv.Itoa(builds), func(t *testing.T) { shareTheQuota(t, builds) })
	}
}

func shareTheQuota(t *testing.T, builds int) {
	const perSecond, burst = 40, 40
	calls := max(10, 200/builds) // of each build
	synctest.Test(t, func(t *testing.T) {
		account := &crowdedAccount{bucket: rate.NewLimiter(perSecond, burst)}
		began := time.Now()
		var mu sync.Mutex
		var took []time.Duration
		var failed []string
		var group sync.WaitGroup
		for i := range builds {
			group.Go(func() {
				cfg, err := awsclient.New(t.Context(), awsclient.Options{
					Region: "us-east-1", EndpointURL: "http://127.0.0.1:1", Local: true, Static: &awsclient.Static{ID: "AKIAEXAMPLE", Key: "example"},
				})
				if err != nil {
					t.Error(err)
					return
				}
				cfg.HTTPClient = account
				var refs []secret.Ref
				for k := range calls * 10 {
					refs = append(refs, secret.Ref{Name: fmt.Sprintf("/build%d/p%d", i, k)})
				}
				err = param.New(cfg, param.Options{Account: "000000000000"}).Read(t.Context(), refs, func(r param.Result) {
					if r.Err != nil {
						t.Error(r.Err)
					}
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = append(failed, err.Error())
				}
				took = append(took, time.Since(began))
			})
		}
		group.Wait()
		slices.Sort(took)
		floor := time.Duration(builds*calls-burst) * time.Second / perSecond
		t.Logf("%d builds of %d calls: the first after %v, half after %v, all after %v (floor %v, ratio %.2f); %d of %d calls were throttled; %d builds failed",
			builds, calls, took[0], took[builds/2], took[builds-1], floor, took[builds-1].Seconds()/floor.Seconds(), account.throttled, account.asked, len(failed))
		if len(failed) > 0 {
			t.Errorf("%d builds failed, the first: %s", len(failed), strings.Join(failed[:1], ""))
		}
		limit := floor * 115 / 100
		if builds < 300 { // the last to end has the quota for itself, and less time to find out
			limit = 2 * floor
		}
		if last := took[builds-1]; last > limit {
			t.Errorf("the last build ended after %v, more than %v; the floor is %v", last, limit, floor)
		}
		if builds == 1 && account.throttled*20 > account.asked {
			t.Errorf("%d of %d calls of a build alone were throttled, more than 5 %%", account.throttled, account.asked)
		}
	})
}
