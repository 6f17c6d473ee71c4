package audit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/audit"
)

func place(t *testing.T, options ...awslocal.Option) (*awslocal.Server, aws.Config) {
	t.Helper()
	server, err := awslocal.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	return server, aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, key, ""), RetryMaxAttempts: 3}
}

// open opens something as a document is opened, several times.
func open(t *testing.T, cfg aws.Config, documents ...string) (key string) {
	t.Helper()
	c := kms.NewFromConfig(cfg)
	made, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	key = aws.ToString(made.KeyMetadata.Arn)
	for _, document := range documents {
		context := map[string]string{"bundle:document": document, "bundle:function": "shop/hello", "bundle:environment": "prod"}
		sealed, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("sample"), EncryptionContext: context})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context}); err != nil {
			t.Fatal(err)
		}
	}
	return key
}

func digest(n int) string { return fmt.Sprintf("%064x", n) }

func TestLookupPagesThroughTheEventHistory(t *testing.T) {
	server, cfg := place(t)
	var documents []string
	for i := range 30 {
		documents = append(documents, digest(i))
	}
	key := open(t, cfg, documents...)
	trail, now := audit.New(cfg, audit.NewPace()), time.Now()
	pages, records := []bool{}, 0
	err := trail.Lookup(t.Context(), key, now.Add(-time.Hour), now, func(_ time.Time, more bool) { pages = append(pages, more) }, func([]byte) bool {
		records++
		return true
	})
	if err != nil || records != 60 || fmt.Sprint(pages) != "[true false]" {
		t.Errorf("%d records on pages %v, %v", records, pages, err)
	}
	server.ResetCalls()
	if last, opened, err := trail.LastOpened(t.Context(), key, digest(29), now.Add(-time.Hour)); err != nil || !opened || last.Before(now.Add(-time.Minute)) {
		t.Errorf("%s, %t, %v", last, opened, err)
	}
	if server.Calls()["cloudtrail:LookupEvents"] != 1 {
		t.Error("it did not stop at the event that it looked for")
	}
	if _, opened, err := trail.LastOpened(t.Context(), key, digest(99), now.Add(-time.Hour)); err != nil || opened {
		t.Errorf("%t, %v", opened, err)
	}
}

func TestErrorsOfTheEventHistory(t *testing.T) {
	server, cfg := place(t)
	trail, now := audit.New(cfg, audit.NewPace()), time.Now()
	look := func() error {
		return trail.Lookup(t.Context(), "x", now.Add(-time.Hour), now, func(time.Time, bool) {}, func([]byte) bool { return true })
	}
	for code, want := range map[string]error{
		"AccessDeniedException": audit.ErrDenied, "InvalidTimeRangeException": audit.ErrRefused, "ExpiredTokenException": audit.ErrCredentials,
	} {
		server.Inject(awslocal.Fault{Operation: "cloudtrail:LookupEvents", Kind: awslocal.Fail, Code: code})
		if err := look(); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
		server.ClearFaults()
	}
	server.Inject(awslocal.Fault{Operation: "cloudtrail:LookupEvents", Kind: awslocal.Body, Body: `{"Events": [], "NextToken": "t"}`})
	if err := look(); !errors.Is(err, audit.ErrReply) {
		t.Errorf("a list without an end: %v", err)
	}
}

func TestTrails(t *testing.T) {
	_, cfg := place(t)
	c, trail := cloudtrail.NewFromConfig(cfg), audit.New(cfg, audit.NewPace())
	for _, name := range []string{"all", "some"} {
		if _, err := c.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String("b")}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.PutEventSelectors(t.Context(), &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("some"), EventSelectors: []types.EventSelector{
		{ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true), ExcludeManagementEventSources: []string{"kms.amazonaws.com"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := trail.Trails(t.Context())
	if err != nil || fmt.Sprint(all) != "[{all false} {some true}]" {
		t.Errorf("%v, %v", all, err)
	}
}
