package awsclient

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awsreply"
)

// ErrPartition means that the address of IAM is not known.
var ErrPartition error = awsfault.Sentinel("iam", "", awsfault.Other, "the address of IAM in this partition is not known")

// iamVersion is the version of IAM's API, which speaks AWS Query.
const iamVersion = "2010-05-08"

// iamHome is where IAM answers for a partition: it has one endpoint, signed for one Region.
//
// From IAM's endpoint rules in botocore 1.44.8.
type iamHome struct{ region, host, fips string }

func iamHomes() map[string]iamHome {
	return map[string]iamHome{
		"cn-":      {"cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn"},
		"us-gov-":  {"us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com"},
		"eusc-":    {"eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu"},
		"us-iso-":  {"us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov"},
		"us-isob-": {"us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov"},
		"eu-isoe-": {"eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk"},
		"us-isof-": {"us-isof-south-1", "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov"},
	}
}

// iamAt returns the address of IAM for a configuration, and the Region that calls are
// signed for.
func iamAt(ctx context.Context, cfg aws.Config) (endpoint, region string, err error) {
	if cfg.BaseEndpoint != nil {
		return *cfg.BaseEndpoint, cfg.Region, nil
	}
	home := iamHome{"us-east-1", "iam.amazonaws.com", "iam-fips.amazonaws.com"}
	for prefix, of := range iamHomes() {
		if strings.HasPrefix(cfg.Region, prefix) {
			home = of
		}
	}
	if strings.Contains(cfg.Region, "iso") && home.region == "us-east-1" {
		return "", "", ErrPartition
	}
	host := home.host
	if first(cfg.ConfigSources, usesFIPS(ctx)) {
		host = home.fips
	}
	return "https://" + host, home.region, nil
}

// queryIAM makes one call of IAM, and reads the reply into out. The SDK's client of IAM
// would add 0.4 MB and a millisecond to every start for one operation: docs/adr/0017-iam.md.
// Everything around the call is the SDK's and this package's: retries, signature,
// counting, limits on replies.
func queryIAM(ctx context.Context, cfg aws.Config, operation string, members url.Values, out any) error {
	endpoint, region, err := iamAt(ctx, cfg)
	if err != nil {
		return err
	}
	members.Set("Action", operation)
	members.Set("Version", iamVersion)
	stack := middleware.NewStack(operation, smithyhttp.NewStackRequest)
	call := &query{endpoint: endpoint, region: region, body: members.Encode(), out: out, credentials: cfg.Credentials}
	if err := call.build(stack, cfg); err != nil {
		return err
	}
	ctx = awsmiddleware.SetOperationName(awsmiddleware.SetServiceID(middleware.ClearStackValues(ctx), "IAM"), operation)
	handler := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(cfg.HTTPClient), stack)
	_, _, err = handler.Handle(ctx, nil)
	if err != nil {
		return &smithy.OperationError{ServiceID: "IAM", OperationName: operation, Err: err}
	}
	return nil
}

// A query is one call of AWS Query:
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type query struct {
	endpoint, region, body string
	credentials            aws.CredentialsProvider
	out                    any
	skew                   time.Duration // AWS's clock minus ours, from a refusal
}

func (q *query) build(stack *middleware.Stack, cfg aws.Config) error {
	retryer := cfg.Retryer
	if retryer == nil {
		retryer = func() aws.Retryer { return retry.NewStandard() }
	}
	agent := awsmiddleware.NewRequestUserAgent()
	agent.AddSDKAgentKeyValue(awsmiddleware.APIMetadata, "iam", iamVersion)
	if cfg.AppID != "" {
		agent.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, cfg.AppID)
	}
	err := errors.Join(
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("OperationSerializer", q.serialize), middleware.After),
		stack.Build.Add(&awsmiddleware.ClientRequestID{}, middleware.After),
		stack.Build.Add(agent, middleware.After),
		stack.Finalize.Add(retry.NewAttemptMiddleware(retryer(), smithyhttp.RequestCloner), middleware.After),
		stack.Finalize.Add(&v4.ComputePayloadSHA256{}, middleware.After),
		stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Signing", q.sign), middleware.After),
		stack.Deserialize.Add(&awshttp.ResponseErrorWrapper{}, middleware.After),
		stack.Deserialize.Add(&awsmiddleware.RequestIDRetriever{}, middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("OperationDeserializer", q.deserialize), middleware.After),
		awsmiddleware.AddRecordResponseTiming(stack),
	)
	for _, add := range cfg.APIOptions {
		err = errors.Join(err, add(stack))
	}
	return err
}

func (q *query) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, &smithy.SerializationError{Err: errors.New("no HTTP request")}
	}
	at, err := url.Parse(q.endpoint)
	if err != nil {
		return out, metadata, &smithy.SerializationError{Err: errors.New("the endpoint is not a URL")}
	}
	if at.Path == "" {
		at.Path = "/"
	}
	request.URL, request.Method = at, http.MethodPost
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if in.Request, err = request.SetStream(strings.NewReader(q.body)); err != nil {
		return out, metadata, &smithy.SerializationError{Err: err}
	}
	return next.HandleSerialize(ctx, in)
}

func (q *query) sign(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, &v4.SigningError{Err: errors.New("no HTTP request")}
	}
	who, err := q.credentials.Retrieve(ctx)
	if err != nil {
		return out, metadata, &v4.SigningError{Err: fmt.Errorf("no credentials: %w", err)}
	}
	if err := v4.NewSigner().SignHTTP(ctx, who, request.Request, v4.GetPayloadHash(ctx), "iam", q.region, time.Now().Add(q.skew)); err != nil {
		return out, metadata, &v4.SigningError{Err: err}
	}
	return next.HandleFinalize(ctx, in)
}

func (q *query) deserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	if out, metadata, err = next.HandleDeserialize(ctx, in); err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, metadata, &smithy.DeserializationError{Err: errors.New("no HTTP response")}
	}
	body, err := io.ReadAll(response.Body) // awsreply has limited its length, and closed what it came from
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return out, metadata, q.read(ctx, body)
	}
	if date, bad := http.ParseTime(response.Header.Get("Date")); bad == nil {
		q.skew = time.Until(date)
	}
	var refused struct {
		Error struct{ Code, Message string }
	}
	if xml.Unmarshal(body, &refused) != nil || refused.Error.Code == "" {
		return out, metadata, &smithy.GenericAPIError{Code: "UnknownError"}
	}
	return out, metadata, &smithy.GenericAPIError{Code: refused.Error.Code, Message: refused.Error.Message}
}

// read reads a reply into out. A reply without an element, or with two documents, would come
// again. One that ends early may not, and is asked for again.
func (q *query) read(ctx context.Context, body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	switch err := d.Decode(q.out); {
	case errors.Is(err, io.EOF):
		return &awsreply.Error{Operation: awsreply.Operation(ctx), Fault: "is not XML"}
	case err != nil:
		return &smithy.DeserializationError{Err: errors.New("the reply is not a complete document")}
	}
	if !errors.Is(d.Decode(new(struct{})), io.EOF) {
		return &awsreply.Error{Operation: awsreply.Operation(ctx), Fault: "contains more than one document"}
	}
	return nil
}
