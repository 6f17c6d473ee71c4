package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/whispering/bundle/layerbuild"
)

// A deployment is a step of a file of deploy.
type deployment struct {
	Function string
	Layers   *[]string          // attached to $LATEST, which is created if it does not exist
	Publish  bool               // a version
	Alias    string             // made or moved
	To       string             // version of the alias
	Weights  map[string]float64 // of another one
	Env      map[string]string
	Tags     map[string]string   // of a function that is created
	Code     string              // of $LATEST, which then changes
	Role     string              // of a function that is created; default: function
	Runtime  lambdatypes.Runtime // default: nodejs22.x
	Delete   string              // a version
	Managed  bool                // created on Managed Instances
	Latest   bool                // published as $LATEST.PUBLISHED
	Pinned   string              // file of a layer whose document BUNDLE_SECRETS_SHA256 pins
}

// deploy changes functions as a deployment tool does.
func deploy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deploy FILE")
	}
	var all []deployment
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &all))
	c := theCloud(ts)
	for _, d := range all {
		if d.Pinned != "" {
			layer, err := layerbuild.Read([]byte(ts.ReadFile(d.Pinned)))
			ts.Check(err)
			document, ok := layer.Document(d.Function)
			if !ok {
				ts.Fatalf("%s has no document of %s", d.Pinned, d.Function)
			}
			d.Env = map[string]string{"BUNDLE_SECRETS_SHA256": document.SHA256()}
		}
		ts.Check(d.do(c.lambda))
	}
	c.server.ResetCalls()
}

func (d deployment) do(c *lambda.Client) error {
	ctx := context.Background()
	if d.Layers != nil {
		if err := d.attach(ctx, c); err != nil {
			return err
		}
	}
	if d.Code != "" {
		if err := d.change(ctx, c); err != nil {
			return err
		}
	}
	if d.Publish {
		if _, err := c.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &d.Function}); err != nil {
			return err
		}
	}
	if d.Latest {
		in := &lambda.PublishVersionInput{FunctionName: &d.Function, PublishTo: lambdatypes.FunctionVersionLatestPublishedLatestPublished}
		if _, err := c.PublishVersion(ctx, in); err != nil {
			return err
		}
	}
	if d.Delete != "" {
		if _, err := c.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &d.Function, Qualifier: &d.Delete}); err != nil {
			return err
		}
	}
	if d.Alias == "" {
		return nil
	}
	routing := &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: d.Weights}
	_, err := c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &d.Function, Name: &d.Alias, FunctionVersion: &d.To, RoutingConfig: routing})
	var exists *lambdatypes.ResourceConflictException
	if errors.As(err, &exists) {
		_, err = c.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &d.Function, Name: &d.Alias, FunctionVersion: &d.To, RoutingConfig: routing})
	}
	return err
}

func (d deployment) attach(ctx context.Context, c *lambda.Client) error {
	environment := &lambdatypes.Environment{Variables: d.Env}
	code, err := emptyZip()
	if err != nil {
		return err
	}
	in := &lambda.CreateFunctionInput{
		FunctionName: &d.Function, Role: aws.String("arn:aws:iam::" + testAccount + ":role/" + cmp.Or(d.Role, "function")), Handler: aws.String("index.handler"),
		Runtime: cmp.Or(d.Runtime, lambdatypes.RuntimeNodejs22x), Code: &lambdatypes.FunctionCode{ZipFile: code}, Layers: *d.Layers, Environment: environment,
		Tags: d.Tags,
	}
	if d.Managed {
		in.CapacityProviderConfig = &lambdatypes.CapacityProviderConfig{
			LambdaManagedInstancesCapacityProviderConfig: &lambdatypes.LambdaManagedInstancesCapacityProviderConfig{
				CapacityProviderArn: aws.String("arn:aws:lambda:us-west-2:" + testAccount + ":capacity-provider:all"),
			},
		}
	}
	_, err = c.CreateFunction(ctx, in)
	var exists *lambdatypes.ResourceConflictException
	if errors.As(err, &exists) {
		_, err = c.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &d.Function, Layers: *d.Layers, Environment: environment})
	}
	if err != nil {
		return err
	}
	return d.settle(ctx, c)
}

// change changes the code.
func (d deployment) change(ctx context.Context, c *lambda.Client) error {
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	if _, err := z.Create(d.Code); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if _, err := c.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &d.Function, ZipFile: code.Bytes()}); err != nil {
		return err
	}
	return d.settle(ctx, c)
}

// settle waits until the function is not being changed.
func (d deployment) settle(ctx context.Context, c *lambda.Client) (err error) {
	for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		out, problem := c.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &d.Function})
		if err = problem; err == nil && out.State == lambdatypes.StateActive && out.LastUpdateStatus == lambdatypes.LastUpdateStatusSuccessful {
			return nil
		}
	}
	return err
}

// emptyZip is a zip with an empty file.
func emptyZip() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("index.js"); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// putTrail makes a trail that leaves the events of a service out.
func putTrail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: trail NAME [SOURCE]")
	}
	c, ctx := theCloud(ts), context.Background()
	o := c.kms.Options()
	trails := cloudtrail.New(cloudtrail.Options{Region: o.Region, BaseEndpoint: o.BaseEndpoint, Credentials: o.Credentials})
	_, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: &args[0], S3BucketName: aws.String("bucket")})
	var exists *trailtypes.TrailAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		ts.Check(err)
	}
	_, err = trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: &args[0], EventSelectors: []trailtypes.EventSelector{
		{ReadWriteType: trailtypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true), ExcludeManagementEventSources: args[1:]},
	}})
	ts.Check(err)
	c.server.ResetCalls()
}

// unpublish deletes a version of a layer.
func unpublish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unpublish NAME VERSION")
	}
	number, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	c := theCloud(ts)
	_, err = c.lambda.DeleteLayerVersion(context.Background(), &lambda.DeleteLayerVersionInput{LayerName: &args[0], VersionNumber: &number})
	ts.Check(err)
	c.server.ResetCalls()
}
