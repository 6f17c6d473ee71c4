package awslocal_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/awslocal"
)

// raw sends one unsigned call: what a fault of the first kind answers does not depend on a signature.
func raw(t *testing.T, w world, target string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	client := http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func TestFaultsMeetTheCallsTheyNameByNumber(t *testing.T) {
	for name, test := range map[string]struct {
		fault awslocal.Fault
		want  string // of eight calls, alternating GetParameters and DescribeKey: f where it fails
	}{
		"every call":          {awslocal.Fault{}, "ffffffff"},
		"the third of all":    {awslocal.Fault{Nth: 3}, "..f....."},
		"one operation":       {awslocal.Fault{Operation: "kms:DescribeKey"}, ".f.f.f.f"},
		"its second call":     {awslocal.Fault{Operation: "ssm:GetParameters", Nth: 2}, "..f....."},
		"from the second on":  {awslocal.Fault{Operation: "ssm:GetParameters", Nth: 2, Times: 2}, "..f.f..."},
		"the first two":       {awslocal.Fault{Operation: "kms:*", Times: 2}, ".f.f...."},
		"a service":           {awslocal.Fault{Operation: "ssm:*"}, "f.f.f.f."},
		"another operation":   {awslocal.Fault{Operation: "ssm:PutParameter"}, "........"},
		"part of a name":      {awslocal.Fault{Operation: "ssm:GetParameter"}, "........"},
		"decrypting only":     {awslocal.Fault{Operation: "ssm:GetParameters(decrypt)"}, "........"},
		"beyond all the rest": {awslocal.Fault{Nth: 9}, "........"},
	} {
		test.fault.Kind, test.fault.Code, test.fault.Status = awslocal.Fail, "Injected", http.StatusTeapot
		w := start(t, awslocal.WithFaults(test.fault))
		var got strings.Builder
		for i := range 8 {
			response, _, err := raw(t, w, []string{"AmazonSSM.GetParameters", "TrentService.DescribeKey"}[i%2])
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode == http.StatusTeapot {
				got.WriteByte('f')
			} else {
				got.WriteByte('.')
			}
		}
		if got.String() != test.want {
			t.Errorf("%s: %s, want %s", name, got.String(), test.want)
		}
	}
}

func TestFaultsOfTheAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		fault       awslocal.Fault
		status      int
		contentType string
		body        string
	}{
		"error":          {awslocal.Fault{Kind: awslocal.Fail}, 500, "application/x-amz-json-1.1", `{"__type":"InternalServerError"}`},
		"error by code":  {awslocal.Fault{Kind: awslocal.Fail, Code: "ThrottlingException", Message: "Rate exceeded"}, 400, "application/x-amz-json-1.1", `{"__type":"ThrottlingException","message":"Rate exceeded"}`},
		"error 503":      {awslocal.Fault{Kind: awslocal.Fail, Status: 503}, 503, "application/x-amz-json-1.1", `{"__type":"InternalServerError"}`},
		"empty object":   {awslocal.Fault{Kind: awslocal.Empty}, 200, "application/x-amz-json-1.1", `{}`},
		"nothing":        {awslocal.Fault{Kind: awslocal.NoBody}, 200, "application/x-amz-json-1.1", ``},
		"a page":         {awslocal.Fault{Kind: awslocal.HTML}, 200, "text/html", `<html><body><h1>Proxy login</h1></body></html>`},
		"a page, 502":    {awslocal.Fault{Kind: awslocal.HTML, Status: 502}, 502, "text/html", `<html><body><h1>Proxy login</h1></body></html>`},
		"a redirect":     {awslocal.Fault{Kind: awslocal.Redirect, Location: "http://127.0.0.1:1/"}, 307, "application/x-amz-json-1.1", ``},
		"cut in half":    {awslocal.Fault{Kind: awslocal.Truncate}, 400, "application/x-amz-json-1.1", `{"__type":"MissingAuthenticationTokenException",`},
		"slow":           {awslocal.Fault{Kind: awslocal.Slow, Delay: time.Millisecond}, 400, "application/x-amz-json-1.1", `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
		"byte for byte":  {awslocal.Fault{Kind: awslocal.Drip, Delay: time.Microsecond}, 400, "application/x-amz-json-1.1", `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
		"what it is not": {awslocal.Fault{Kind: awslocal.Fail, Operation: "kms:*"}, 400, "application/x-amz-json-1.1", `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
	} {
		w := start(t, awslocal.WithFaults(test.fault))
		response, body, err := raw(t, w, "AmazonSSM.GetParameters")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if response.StatusCode != test.status || response.Header.Get("Content-Type") != test.contentType || !strings.HasPrefix(string(body), test.body) {
			t.Errorf("%s: %d %s %s", name, response.StatusCode, response.Header.Get("Content-Type"), body)
		}
		if test.fault.Location != "" && response.Header.Get("Location") != test.fault.Location {
			t.Errorf("%s: to %s", name, response.Header.Get("Location"))
		}
		if response.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: no request id", name)
		}
	}
}

func TestFaultsOfTheConnection(t *testing.T) {
	t.Run("reset", func(t *testing.T) {
		w := start(t, awslocal.WithFaults(awslocal.Fault{Kind: awslocal.Reset}))
		if _, _, err := raw(t, w, "AmazonSSM.GetParameters"); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
	})
	t.Run("cut", func(t *testing.T) {
		w := start(t, awslocal.WithFaults(awslocal.Fault{Kind: awslocal.Cut}))
		_, body, err := raw(t, w, "AmazonSSM.GetParameters")
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 {
			t.Errorf("%q %v", body, err)
		}
	})
	t.Run("hang, until the client leaves", func(t *testing.T) {
		w := start(t, awslocal.WithFaults(awslocal.Fault{Kind: awslocal.Hang}))
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan error, 1)
		go func() {
			_, err := w.ssm().GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"x"}})
			done <- err
		}()
		for w.Calls()["ssm:GetParameters"] == 0 {
			select {
			case err := <-done:
				t.Fatalf("answered: %v", err)
			default:
			}
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("hang, until the server closes", func(t *testing.T) {
		w := start(t, awslocal.WithFaults(awslocal.Fault{Kind: awslocal.Hang}))
		done := make(chan error, 1)
		go func() {
			_, _, err := raw(t, w, "AmazonSSM.GetParameters")
			done <- err
		}()
		for w.Calls()["ssm:GetParameters"] == 0 {
			select {
			case err := <-done:
				t.Fatalf("answered: %v", err)
			default:
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err == nil {
			t.Error("answered")
		}
	})
}

func TestWrongKeyInTheReply(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	key := newKey(t, w.kms(), "alias/app")
	const other = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-1111-1111-111111111111"
	w.Inject(awslocal.Fault{Operation: "kms:Encrypt", Kind: awslocal.WrongKey}, awslocal.Fault{Operation: "kms:DescribeKey", Kind: awslocal.WrongKey, Key: other})
	out, err := w.kms().Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte("sample")})
	if err != nil || aws.ToString(out.KeyId) == key || len(out.CiphertextBlob) == 0 {
		t.Errorf("encrypt: %v %v", aws.ToString(out.KeyId), err)
	}
	described, err := w.kms().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err != nil || aws.ToString(described.KeyMetadata.Arn) != other {
		t.Errorf("describe: %v", err)
	}
}

func TestFaultsThatLast(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	key := newKey(t, w.kms(), "alias/app")
	encrypt := func() error {
		_, err := w.kms().Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/app"), Plaintext: []byte("sample")})
		return err
	}
	w.Inject(awslocal.Fault{Operation: "kms:Encrypt", Nth: 2, Kind: awslocal.DisableKey, Key: "alias/app"})
	if err := encrypt(); err != nil {
		t.Errorf("first: %v", err)
	}
	for range 2 {
		refused(t, encrypt(), "DisabledException", "")
	}
	if _, err := w.kms().EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	if err := encrypt(); err != nil {
		t.Errorf("enabled again: %v", err)
	}
	w.Inject(awslocal.Fault{Operation: "kms:Encrypt", Nth: 2, Kind: awslocal.ExpireCredentials})
	if err := encrypt(); err != nil {
		t.Errorf("before expiry: %v", err)
	}
	for range 2 {
		refused(t, encrypt(), "ExpiredTokenException", "")
	}
	_, err := w.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	refused(t, err, "ExpiredToken", "")
	w.ClearFaults()
	if err := encrypt(); err != nil {
		t.Errorf("cleared: %v", err)
	}
}

func TestBucketThrottlesInTheServicesWords(t *testing.T) {
	ctx := context.Background()
	w := start(t, awslocal.WithBucket("ssm", 0.001, 2), awslocal.WithBucket("kms", 0.001, 1), awslocal.WithBucket("sts", 0.001, 1))
	for i, want := range []string{"", "", "ThrottlingException"} {
		if err := read(w.config(), "x"); code(err) != want {
			t.Errorf("call %d: %v", i, err)
		}
	}
	refused(t, read(w.config(), "x"), "ThrottlingException", "Rate exceeded")
	for range 2 {
		_, _ = w.kms().ListKeys(ctx, &kms.ListKeysInput{})
	}
	_, err := w.kms().ListKeys(ctx, &kms.ListKeysInput{})
	refused(t, err, "ThrottlingException", "You have exceeded the rate at which you may call KMS.")
	_, _ = w.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	_, err = w.sts().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	refused(t, err, "Throttling", "Rate exceeded")
}

func TestCallsAreCountedByOperationAndDecryption(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("x"), Type: types.ParameterTypeString, Value: aws.String("sample")})
	for _, decrypt := range []bool{true, false, true} {
		if _, err := w.ssm().GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"x"}, WithDecryption: &decrypt}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("absent"), WithDecryption: aws.Bool(true)})
	refused(t, err, "ParameterNotFound", "")
	want := map[string]int{"ssm:PutParameter": 1, "ssm:GetParameters": 3, "ssm:GetParameters(decrypt)": 2, "ssm:GetParameter": 1, "ssm:GetParameter(decrypt)": 1}
	got := w.Calls()
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %d, want %d", name, got[name], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("counted %v", got)
	}
	if w.ResetCalls(); len(w.Calls()) != 0 {
		t.Error("not reset")
	}
}

func TestControlEndpointNeedsTheServersOwnCredentials(t *testing.T) {
	w := start(t)
	id, key := w.Credentials()
	post := func(operation, body, user, password string) int {
		r, err := http.NewRequest(http.MethodPost, w.url+"/_local/"+operation, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(user, password)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	const fault = `[{"operation":"ssm:GetParameters","kind":"fail","code":"Injected","delay":"20ms"}]`
	withRole(t, w)
	for name, got := range map[string][2]int{
		"another password":    {post("Inject", fault, id, "wrong"), http.StatusForbidden},
		"a role":              {post("Inject", fault, buildID, buildKey), http.StatusForbidden},
		"nobody":              {post("Inject", fault, "", ""), http.StatusForbidden},
		"an unknown kind":     {post("Inject", `[{"kind":"earthquake"}]`, id, key), http.StatusBadRequest},
		"an unknown member":   {post("Inject", `[{"kind":"hang","when":1}]`, id, key), http.StatusBadRequest},
		"no duration":         {post("Inject", `[{"kind":"slow","delay":"soon"}]`, id, key), http.StatusBadRequest},
		"another operation":   {post("Explode", `{}`, id, key), http.StatusNotFound},
		"an unknown role":     {post("DeleteRole", `{"name":"absent"}`, id, key), http.StatusBadRequest},
		"a role without name": {post("PutRole", `{}`, id, key), http.StatusBadRequest},
		"a list too late":     {post("SetListDelay", `{"seconds": 301}`, id, key), http.StatusBadRequest},
		"a list too early":    {post("SetListDelay", `{"seconds": -1}`, id, key), http.StatusBadRequest},
		"a list that is late": {post("SetListDelay", `{"seconds": 300}`, id, key), http.StatusOK},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: status %d, want %d", name, got[0], got[1])
		}
	}
	if err := read(w.config(), "x"); err != nil {
		t.Errorf("a refused fault works: %v", err)
	}
	if status := post("Inject", fault, id, key); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	refused(t, read(w.config(), "x"), "Injected", "")
	if status := post("ClearFaults", "", id, key); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if err := read(w.config(), "x"); err != nil {
		t.Errorf("cleared: %v", err)
	}
}

func TestLogNamesAndNeverValues(t *testing.T) {
	log, out := io.Pipe()
	t.Cleanup(func() { _ = out.Close() })
	lines := bufio.NewScanner(log)
	next := make(chan string)
	go func() {
		for lines.Scan() {
			next <- lines.Text()
		}
	}()
	w := start(t, awslocal.WithLog(out))
	const canary = "c4n4ry-in-a-value"
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error {
			_, err := w.ssm().PutParameter(context.Background(), &ssm.PutParameterInput{Name: aws.String("/app/x"),
				Type: types.ParameterTypeSecureString, Value: aws.String(canary)})
			return err
		}, `ssm PutParameter "/app/x" 200 `},
		{func() error { return read(w.config(), "/app/x", "a\nb") }, `ssm GetParameters "/app/x" "a\nb" 200 `},
		{func() error { _, _, err := raw(t, w, "AmazonSSM.Get\tX"); return err }, `ssm "Get\tX" 400 `},
		{func() error { whoami(t, w.config()); return nil }, `sts GetCallerIdentity 200 `},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if line := <-next; !strings.HasPrefix(line, step.want) || strings.Contains(line, canary) {
			t.Errorf("log line %q, want %q", line, step.want)
		}
	}
}

func TestUnknownOperationsAndProtocols(t *testing.T) {
	w := start(t)
	for target, want := range map[string]string{
		"AmazonSSM.SendCommand": "UnknownOperationException", "DynamoDB_20120810.GetItem": "UnknownOperationException", "nothing": "UnknownOperationException",
	} {
		response, body, err := raw(t, w, target)
		var reply struct {
			Type string `json:"__type"`
		}
		if err != nil || response.StatusCode != http.StatusBadRequest || json.Unmarshal(body, &reply) != nil || reply.Type != want {
			t.Errorf("%s: %v %s", target, err, body)
		}
	}
	_, err := w.sts().GetSessionToken(context.Background(), &sts.GetSessionTokenInput{})
	refused(t, err, "InvalidAction", "")
	response, err := http.Get(w.url + "/elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("no protocol: %d", response.StatusCode)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AmazonSSM.GetParameters\r\nContent-Length: 2000000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = conn.Write(make([]byte, 2_000_000)) }()
	head := make([]byte, 12)
	if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("a long body: %q %v", head, err)
	}
}
