package param

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/secret"
)

// A put sends every setting that it was given, because AWS would replace the key.
func TestAPutKeepsTheSettings(t *testing.T) {
	_, as := embedded(t)
	source, client := New(as("admin"), Options{TPS: new(float64)}), ssm.NewFromConfig(as("admin"))
	name := "/local/app/kept"
	_, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: aws.String("one1"), Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/open"), Tier: types.ParameterTierAdvanced,
		Description: aws.String("about"), AllowedPattern: aws.String("[a-z]+[0-9]"),
	})
	if err != nil {
		t.Fatal(err)
	}
	describe := func() Description {
		found, err := source.Describe(t.Context(), []string{name}, nil)
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		return found[0]
	}
	before := describe()
	written, err := source.Put(t.Context(), Put{Description: before, Value: secret.New([]byte("two2"))})
	if err != nil || written != (Written{2, Advanced}) {
		t.Fatal(written, err)
	}
	want := before
	want.Version = 2
	if got := describe(); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	if _, err := source.Put(t.Context(), Put{Description: before, Value: secret.New([]byte("THREE"))}); !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "[a-z]") {
		t.Errorf("a value that does not match its pattern: %v", err)
	}
	if _, err := source.Put(t.Context(), Put{Description: before, Value: secret.New([]byte("four4")), Create: true}); !errors.Is(err, ErrRefused) {
		t.Errorf("created twice: %v", err)
	}
	if got := describe(); got != want {
		t.Errorf("after refusals: %+v", got)
	}
}

// The tier is the one of the reply. A reply without one is good.
func TestAPutSaysTheTierOfTheReply(t *testing.T) {
	server, as := embedded(t)
	source := New(as("admin"), Options{TPS: new(float64)})
	put := Put{
		Description: Description{Name: "/local/app/tier", Type: SecureString, Tier: Standard, Key: "alias/open", DataType: Text},
		Value:       secret.New([]byte("x")),
	}
	for i, c := range []struct{ reply, want string }{{`"Standard"`, Standard}, {`"Advanced"`, Advanced}, {`"Intelligent-Tiering"`, "Intelligent-Tiering"}, {`""`, ""}, {"", ""}} {
		tier := json.RawMessage(c.reply)
		if c.reply == "" {
			tier = nil // the reply has no Tier
		}
		server.Inject(awslocal.Fault{Operation: "ssm:PutParameter", Kind: awslocal.Edit, Member: "Tier", Value: tier})
		written, err := source.Put(t.Context(), put)
		server.ClearFaults()
		if want := (Written{int64(i + 1), c.want}); err != nil || written != want {
			t.Errorf("%q: %+v, not %+v; %v", c.reply, written, want, err)
		}
	}
}

// Whether something was written is said as it is: not, or not known.
func TestAPutThatFails(t *testing.T) {
	server, as := embedded(t)
	source := New(as("admin"), Options{TPS: new(float64)})
	put := Put{
		Description: Description{Name: "/local/app/failing", Type: SecureString, Tier: Standard, Key: "alias/open", DataType: Text},
		Value:       secret.New([]byte("c4nary")),
	}
	for name, c := range map[string]struct {
		fault awslocal.Fault
		want  error
	}{
		"denied":          {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "AccessDeniedException", Message: "c4nary"}, ErrPutDenied},
		"refused":         {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "ValidationException", Message: "c4nary"}, ErrRefused},
		"another code":    {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "SomethingNew", Message: "c4nary"}, ErrRefused},
		"credentials":     {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "ExpiredTokenException", Message: "c4nary"}, ErrCredentials},
		"a server's code": {awslocal.Fault{Kind: awslocal.Fail, Status: 500, Code: "InternalServerError", Message: "c4nary"}, ErrUnclear},
		"a user": {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "AccessDeniedException",
			Message: "User: c4nary is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:us-west-2:111111111111:parameter/c4nary because no c4nary"}, ErrPutDenied},
		"an action": {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "AccessDeniedException",
			Message: "User: arn:aws:iam::111111111111:user/x is not authorized to perform: c:cnary"}, ErrPutDenied},
		"a key":          {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "InvalidKeyId", Message: "arn:aws:kms:us-west-2:111111111111:key/c4nary is disabled"}, ErrRefused},
		"no code of AWS": {awslocal.Fault{Kind: awslocal.Fail, Status: 400, Code: "c4nary", Message: "c4nary"}, ErrUnclear},
		"reset":          {awslocal.Fault{Kind: awslocal.Reset}, ErrUnclear},
		"cut":            {awslocal.Fault{Kind: awslocal.Cut}, ErrUnclear},
		"HTML":           {awslocal.Fault{Kind: awslocal.HTML}, ErrUnclear},
		"empty":          {awslocal.Fault{Kind: awslocal.Empty}, ErrUnclear},
		"version 0":      {awslocal.Fault{Kind: awslocal.Edit, Member: "Version", Value: json.RawMessage("0")}, ErrUnclear},
		"another tier":   {awslocal.Fault{Kind: awslocal.Edit, Member: "Tier", Value: json.RawMessage(`"c4nary"`)}, ErrUnclear},
		"version -1":     {awslocal.Fault{Kind: awslocal.Edit, Member: "Version", Value: json.RawMessage("-1")}, ErrUnclear},
	} {
		c.fault.Operation = "ssm:PutParameter"
		server.ResetCalls()
		server.Inject(c.fault)
		_, err := source.Put(t.Context(), put)
		server.ClearFaults()
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "nary") {
			t.Errorf("%s: %v", name, err)
		}
		if denial := awsfault.Find(err).Denial; denial.Resource != "" || denial.Action == "c:cnary" {
			t.Errorf("%s: %+v", name, denial)
		}
		if n := server.Calls()["ssm:PutParameter"]; n != 1 {
			t.Errorf("%s: %d calls", name, n)
		}
	}
	if _, err := New(as("reader"), Options{}).Put(t.Context(), put); !errors.Is(err, ErrPutDenied) {
		t.Errorf("without the right: %v", err)
	}
	if _, err := source.Looking(as("admin")).Put(t.Context(), put); err == nil {
		t.Error("a client that only looks has put a parameter")
	}
}
