package param

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

func TestTheHistoryOfTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t)
	id, key := server.Credentials()
	cfg := as("x")
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, key, "")
	client := ssm.NewFromConfig(cfg)
	s := New(cfg, Options{Account: awslocal.Account})
	if _, err := s.History(t.Context(), "/arn"); !errors.Is(err, ErrMissing) {
		t.Errorf("of nothing: %v", err)
	}
	put := func(name, value string, of types.ParameterType) {
		t.Helper()
		if _, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: of, Overwrite: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 { // two pages
		put("/arn", fmt.Sprintf("value-%d", i+1), types.ParameterTypeString)
	}
	if _, err := client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("/arn"), ParameterVersion: aws.Int64(7), Labels: []string{"live"}}); err != nil {
		t.Fatal(err)
	}
	all, err := s.History(t.Context(), "/arn")
	if err != nil || len(all) != 60 || all[0].Version != 60 || string(all[0].Value.Reveal()) != "value-60" || all[0].DataType != Text {
		t.Fatalf("%v %v", all, err)
	}
	if old := all[53]; old.Version != 7 || len(old.Labels) != 1 || old.Labels[0] != "live" || old.Type != String {
		t.Errorf("%+v", old)
	}
	put("/secret", "not-a-real-secret", types.ParameterTypeSecureString)
	all, err = s.History(t.Context(), "/secret")
	if err != nil || len(all) != 1 || len(all[0].Value.Reveal()) > 0 || strings.Contains(fmt.Sprintf("%+v", all), "not-a-real") {
		t.Errorf("%+v %v", all, err)
	}
}

func TestHistoriesThatAreNotOnesAreRefused(t *testing.T) {
	one := func(name string, version int) string {
		return fmt.Sprintf(`{"Name":%q,"Type":"String","Value":"not-a-real-value","Version":%d}`, name, version)
	}
	for name, body := range map[string]string{
		"another parameter": `{"Parameters":[` + one("/other", 1) + `]}`,
		"version 0":         `{"Parameters":[` + one("/arn", 0) + `]}`,
		"twice":             `{"Parameters":[` + one("/arn", 1) + "," + one("/arn", 1) + `]}`,
		"empty":             `{"Parameters":[]}`,
		"without end":       `{"Parameters":[],"NextToken":"x"}`,
	} {
		s := source(newFake(t, func(request) answer { return answer{200, json.RawMessage(body)} }).URL)
		if all, err := s.History(t.Context(), "/arn"); !errors.Is(err, ErrReply) || strings.Contains(err.Error(), "not-a-real") {
			t.Errorf("%s: %v %v", name, all, err)
		}
	}
}
