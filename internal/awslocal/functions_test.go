package awslocal_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// createFunction makes a function without code.
func createFunction(t *testing.T, c *lambda.Client, name string) {
	t.Helper()
	_, err := c.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::" + awslocal.Account + ":role/r"), Handler: aws.String("a.b"), Runtime: types.RuntimePython314,
		Code: &types.FunctionCode{ZipFile: append([]byte("PK\x05\x06"), make([]byte, 18)...)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFunctionsStayInTheStateFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithFunctionTimes(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	url, err := first.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := lambda.NewFromConfig(world{first, url}.config())
	createFunction(t, c, "f")
	if _, err := c.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	w := start(t, awslocal.WithDir(dir))
	c = lambda.NewFromConfig(w.config())
	pages := lambda.NewListFunctionsPaginator(c, &lambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	page, err := pages.NextPage(t.Context())
	if err != nil || len(page.Functions) != 2 || aws.ToString(page.Functions[1].Version) != "1" {
		t.Errorf("after a restart: %v, %v", page, err)
	}
	if err := w.Reset(nil); err != nil {
		t.Fatal(err)
	}
	var missing *types.ResourceNotFoundException
	if _, err := c.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")}); !errors.As(err, &missing) {
		t.Errorf("after a reset: %v", err)
	}
}

func TestLambdaQuotas(t *testing.T) {
	w := start(t, awslocal.WithLambdaQuotas())
	c := lambda.NewFromConfig(w.config())
	createFunction(t, c, "f")
	var throttled *types.TooManyRequestsException
	calls := func(call func() error) (n int) {
		for n = 0; n < 1000 && throttled == nil; n++ {
			if err := call(); err != nil && !errors.As(err, &throttled) {
				t.Fatal(err)
			}
		}
		return n
	}
	list := func() error {
		_, err := c.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		return err
	}
	began := time.Now()
	if n, most := calls(list), 16+int(15*time.Since(began).Seconds()); n < 15 || n > most || throttled == nil || throttled.Reason != types.ThrottleReasonCallerRateLimitExceeded {
		t.Errorf("%d of at most %d calls, and then %v", n, most, throttled)
	}
	var passed atomic.Int64
	var all sync.WaitGroup
	began = time.Now()
	for range 300 {
		all.Go(func() {
			if _, err := c.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")}); err == nil {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if n, most := passed.Load(), 101+int64(100*time.Since(began).Seconds()); n < 100 || n > most {
		t.Errorf("%d calls of GetFunction passed, and not 100 to %d", n, most)
	}
}

func TestFunctionStatesAreSetByControl(t *testing.T) {
	w := start(t)
	c := lambda.NewFromConfig(w.config())
	createFunction(t, c, "f")
	arn := "arn:aws:lambda:us-east-1:" + awslocal.Account + ":function:f"
	control := func(body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/_local/SetFunctionState", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(w.Credentials())
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = reply.Body.Close()
		return reply.StatusCode
	}
	for _, wrong := range []string{`{"arn": "` + arn + `x", "state": "Inactive"}`, `{"arn": "` + arn + `", "qualifier": "3"}`, `{"arn": "` + arn + `", "Stat": "x"}`, `x`} {
		if status := control(wrong); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	if status := control(fmt.Sprintf(`{"arn": %q, "state": "Deactivating", "state_reason_code": "DrainingDurableExecutions"}`, arn)); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	out, err := c.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
	if err != nil || out.State != "Deactivating" || out.StateReasonCode != "DrainingDurableExecutions" {
		t.Errorf("%v, %v", out, err)
	}
}
