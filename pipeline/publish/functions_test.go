package publish

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// planted stands in the environment of every function.
const planted = "planted-4711"

// answering returns a Functions of a server that answers every request with body.
func answering(t *testing.T, status int, body string) *Functions {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return NewFunctions(config(server.URL, "AKIAEXAMPLE000000000", "example"), "000000000000", NewPace(), nil)
}

func all(f *Functions) ([]Function, error) { return f.All(context.Background(), func(bool) {}) }

// entryOf is an entry of a list with one member replaced.
func entryOf(old, replacement string) string {
	one := `{"FunctionName":"hello","FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST","Version":"$LATEST",` +
		`"Environment":{"Variables":{"TOKEN":"` + planted + `"},"Error":{"Message":"` + planted + `"}},` +
		`"Layers":[{"Arn":"arn:aws:lambda:us-east-1:000000000000:layer:shop:1"},{"Arn":"arn:aws:lambda:::awslayer:AmazonLinux1803"}]}`
	return `{"Functions":[` + strings.Replace(one, old, replacement, 1) + `]}`
}

func TestFunctionsAreListedWithoutTheirVariables(t *testing.T) {
	server, l := embedded(t, awslocal.WithFunctionTimes(0, 0))
	v := publish(t, l, "shop", archive(t, "one"))
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	if _, err := z.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hello", "worker"} {
		_, err := l.client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
			FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/function"), Handler: aws.String("index.handler"),
			Runtime: types.RuntimeNodejs22x, Code: &types.FunctionCode{ZipFile: code.Bytes()}, Layers: []string{v.ARN}, Publish: true,
			Environment: &types.Environment{Variables: map[string]string{"TOKEN": planted}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("hello"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	if err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	f := NewFunctions(config(aws.ToString(&l.base), id, key), awslocal.Account, NewPace(), nil)
	layers := []string{v.ARN}
	want := []Function{{Name: "hello", Version: Latest, Layers: layers}, {Name: "hello", Version: "1", Layers: layers},
		{Name: "worker", Version: Latest, Layers: layers}, {Name: "worker", Version: "1", Layers: layers}}
	server.ResetCalls()
	for range 2 {
		if got, err := all(f); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
	}
	if n := server.Calls()["lambda:ListFunctions"]; n != 1 {
		t.Errorf("%d calls for two lists", n)
	}
	if got, err := f.Versions(t.Context(), "hello"); err != nil || !reflect.DeepEqual(got, want[:2]) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := f.Aliases(t.Context(), "hello"); err != nil || len(got) != 1 || got[0].Revision == "" || !reflect.DeepEqual(got[0].Routes, []Route{{"1", 1}}) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := f.Versions(t.Context(), "none"); err != nil || got != nil {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := f.Aliases(t.Context(), "none"); err != nil || got != nil {
		t.Errorf("%+v %v", got, err)
	}
	out, err := f.client.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil || len(out.Functions) != 2 || len(out.Functions[0].Environment.Variables) != 0 || strings.Contains(fmt.Sprintf("%+v", out), planted) {
		t.Errorf("the client decodes variables: %+v %v", out, err)
	}
}

func TestFunctionsThatAreNotOnesAreRefused(t *testing.T) {
	if got, err := all(answering(t, 200, entryOf("", ""))); err != nil || len(got) != 1 || len(got[0].Layers) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	for name, body := range map[string]string{
		"another account":        entryOf("us-east-1:000000000000:function", "us-east-1:000000000001:function"),
		"another region":         entryOf("lambda:us-east-1:000000000000:function", "lambda:us-west-1:000000000000:function"),
		"another service":        entryOf("arn:aws:lambda:us-east-1:000000000000:function", "arn:aws:kms:us-east-1:000000000000:function"),
		"a layer":                entryOf(":function:", ":layer:"),
		"another name":           entryOf(`"FunctionName":"hello"`, `"FunctionName":"hello2"`),
		"no name":                entryOf(`"FunctionName":"hello",`, ""),
		"no ARN":                 entryOf(`"FunctionArn"`, `"FunctionArn2"`),
		"no version":             entryOf(`"Version"`, `"Version2"`),
		"a version that is none": entryOf(`"Version":"$LATEST"`, `"Version":"`+planted+`"`),
		"version 0":              entryOf(`:$LATEST","Version":"$LATEST"`, `:0","Version":"0"`),
		"two versions":           entryOf(`"Version":"$LATEST"`, `"Version":"1"`),
		"a layer without number": entryOf(":layer:shop:1", ":layer:shop"),
		"a layer elsewhere":      entryOf("us-east-1:000000000000:layer", "us-west-1:000000000000:layer"),
		"a layer that is none":   entryOf("arn:aws:lambda:us-east-1:000000000000:layer:shop:1", planted),
		"not JSON":               planted,
		"half":                   entryOf("", "")[:100],
		"twice":                  entryOf("", "") + entryOf("", ""),
		"a list without an end":  strings.TrimSuffix(entryOf("", ""), "}") + `,"NextMarker":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := all(answering(t, 200, body))
			if err == nil || got != nil {
				t.Fatalf("accepted: %+v", got)
			}
			if strings.Contains(err.Error(), planted) {
				t.Errorf("the error has a variable: %v", err)
			}
		})
	}
}

func TestAnErrorOfLambdaIsNotShown(t *testing.T) {
	for status, want := range map[int]error{403: ErrDenied, 429: ErrUnavailable, 500: ErrUnavailable, 404: ErrNoLayer} {
		code := map[int]string{403: "AccessDeniedException", 429: "TooManyRequestsException", 500: "ServiceException", 404: "ResourceNotFoundException"}[status]
		_, err := all(answering(t, status, `{"__type":"`+code+`","Type":"`+code+`","Message":"`+planted+`","Environment":{"TOKEN":"`+planted+`"}}`))
		if err == nil || strings.Contains(err.Error(), planted) || !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestAliasesThatAreNotOnesAreRefused(t *testing.T) {
	one := `{"Name":"live","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}}}`
	got, err := answering(t, 200, `{"Aliases":[`+one+`]}`).Aliases(t.Context(), "hello")
	if err != nil || !reflect.DeepEqual(got, []Alias{{Name: "live", Routes: []Route{{"1", 0.75}, {"2", 0.25}}}}) {
		t.Fatalf("%+v %v", got, err)
	}
	for _, change := range [][2]string{
		{`"live"`, `""`}, {`"live"`, `"a b"`}, {`"1"`, `"one"`}, {`"1"`, `"0"`}, {`"2"`, `"two"`}, {"0.25", "1.5"}, {"0.25", "-1"}, {"0.25", `"NaN"`},
	} {
		if got, err := answering(t, 200, `{"Aliases":[`+strings.Replace(one, change[0], change[1], 1)+`]}`).Aliases(t.Context(), "hello"); err == nil {
			t.Errorf("%s for %s: %+v", change[1], change[0], got)
		}
	}
}
