package lambda_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awslocal"
)

// client gives the real SDK's client of a server, and the server's address.
func client(t *testing.T, o ...awslocal.Option) (*sdk.Client, string) {
	t.Helper()
	s, err := awslocal.New(o...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	id, key := s.Credentials()
	return sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
		HTTPClient: &http.Client{Transport: &http.Transport{}},
	}), url
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func publish(ctx context.Context, t *testing.T, c *sdk.Client, name string, archive []byte) *sdk.PublishLayerVersionOutput {
	t.Helper()
	out, err := c.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{LayerName: &name, Content: &types.LayerVersionContentInput{ZipFile: archive},
		CompatibleRuntimes: []types.Runtime{types.RuntimeNodejs24x}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSDKPublishesAndDownloads(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	c, _ := client(t, awslocal.WithDir(dir))
	content := archive(t, "through the SDK")
	sum := sha256.Sum256(content)
	published := publish(ctx, t, c, "layer-a", content)
	if published.Version != 1 || aws.ToString(published.Content.CodeSha256) != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("published %+v", published)
	}
	arn := aws.ToString(published.LayerVersionArn)
	got, err := c.GetLayerVersionByArn(ctx, &sdk.GetLayerVersionByArnInput{Arn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(aws.ToString(got.Content.Location))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !bytes.Equal(body, content) {
		t.Errorf("the link gave %d, %d bytes, %v", response.StatusCode, len(body), err)
	}

	byName, err := c.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: published.LayerArn, VersionNumber: aws.Int64(1)})
	if err != nil || aws.ToString(byName.LayerVersionArn) != arn {
		t.Errorf("GetLayerVersion by the layer's ARN: %v, %v", byName, err)
	}
	publish(ctx, t, c, "layer-a", content)
	pages := sdk.NewListLayerVersionsPaginator(c, &sdk.ListLayerVersionsInput{LayerName: aws.String("layer-a"), MaxItems: aws.Int32(1), CompatibleRuntime: types.RuntimeNodejs24x})
	var versions []int64
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.LayerVersions {
			versions = append(versions, v.Version)
		}
	}
	if len(versions) != 2 || versions[0] != 2 {
		t.Errorf("ListLayerVersions gave %v", versions)
	}
	layers, err := c.ListLayers(ctx, &sdk.ListLayersInput{})
	if err != nil || len(layers.Layers) != 1 || layers.Layers[0].LatestMatchingVersion.Version != 2 {
		t.Errorf("ListLayers gave %+v, %v", layers, err)
	}
	permission, err := c.AddLayerVersionPermission(ctx, &sdk.AddLayerVersionPermissionInput{LayerName: aws.String("layer-a"), VersionNumber: aws.Int64(1),
		StatementId: aws.String("s"), Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String("222222222222")})
	if err != nil || permission.RevisionId == nil {
		t.Fatal(err)
	}
	if _, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: aws.String("layer-a"), VersionNumber: aws.Int64(1)}); err != nil {
		t.Error(err)
	}
	if _, err := c.RemoveLayerVersionPermission(ctx, &sdk.RemoveLayerVersionPermissionInput{LayerName: aws.String("layer-a"), VersionNumber: aws.Int64(1),
		StatementId: aws.String("s"), RevisionId: permission.RevisionId}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteLayerVersion(ctx, &sdk.DeleteLayerVersionInput{LayerName: aws.String("layer-a"), VersionNumber: aws.Int64(1)}); err != nil {
		t.Error(err)
	}
	_, err = c.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: aws.String("layer-a"), VersionNumber: aws.Int64(1)})
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) || missing.ErrorMessage() != "The resource you requested does not exist." {
		t.Errorf("a deleted version: %v", err)
	}
	_, err = c.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{LayerName: aws.String("layer-a"), Content: &types.LayerVersionContentInput{ZipFile: []byte("text")}})
	var invalid *types.InvalidParameterValueException
	if !errors.As(err, &invalid) {
		t.Errorf("no zip: %v", err)
	}
}

func TestSDKPublishesTheLargestArchive(t *testing.T) {
	ctx := t.Context()
	c, _ := client(t)
	const around = 200 // bytes of a zip with one stored file, besides the file
	largest := archive(t, strings.Repeat("x", 50<<20-around))
	if out := publish(ctx, t, c, "large", largest); out.Content.CodeSize != int64(len(largest)) {
		t.Errorf("CodeSize %d, want %d", out.Content.CodeSize, len(largest))
	}
	_, err := c.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{LayerName: aws.String("large"), Content: &types.LayerVersionContentInput{ZipFile: make([]byte, 53<<20)}})
	if code(err) != "RequestEntityTooLargeException" {
		t.Errorf("an archive over the limit: %v", err)
	}
}

func TestRequestsThatAreNoLayerOperation(t *testing.T) {
	_, url := client(t)
	for _, e := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/2018-10-31/layers/a/b", "", 404, "UnknownOperationException"},
		{"PUT", "/2018-10-31/layers", "", 404, "UnknownOperationException"},
		{"POST", "/2018-10-31/layers/a/versions", "{", 400, "InvalidRequestContentException"},
		{"POST", "/2018-10-31/layers/a/versions", "null", 400, "InvalidRequestContentException"},
		{"POST", "/2018-10-31/layers/a/versions", "[]", 400, "InvalidRequestContentException"},
		{"GET", "/2018-10-31/layers", "", 403, "MissingAuthenticationTokenException"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), e.method, url+e.path, strings.NewReader(e.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != e.status || response.Header.Get("X-Amzn-Errortype") != e.code {
			t.Errorf("%s %s: %d %s, want %d %s", e.method, e.path, response.StatusCode, response.Header.Get("X-Amzn-Errortype"), e.status, e.code)
		}
	}
}
