package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

const (
	accountID = "222222222222"
	region    = "us-west-2"
	layerName = "shop"
)

// serveAccount is what the process of an account does: DIR ACCOUNT, the latter in JSON. It writes the manifest, prints its address and
// credentials, deploys the functions after a line of its input, and ends when its input does. Functions are deployed in memory,
// because an embedded AWS with a folder saves everything after each change.
func serveAccount(ctx context.Context, args []string) error {
	var a account
	if len(args) != 2 || json.Unmarshal([]byte(args[1]), &a) != nil {
		return errors.New("account takes a folder and an account")
	}
	if err := os.MkdirAll(args[0], 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(args[0], "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	server, err := awslocal.New(awslocal.WithFunctionTimes(0, 0), awslocal.WithLog(log))
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	id, key := sts.NewAccessKey("AKIA")
	err = server.PutRole(sts.Role{
		Name: "admin", Account: accountID, AccessKeyID: id, SecretAccessKey: key,
		Policy: json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`),
	})
	cfg := aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")}
	if err = errors.Join(err, a.prepare(ctx, cfg), os.WriteFile(filepath.Join(args[0], "secrets.hcl"), []byte(a.manifest()), 0o600)); err != nil {
		return err
	}
	fmt.Println(url, id, key)
	go func() { <-ctx.Done(); os.Stdin.Close() }()
	var proceed string
	if _, err := fmt.Fscanln(os.Stdin, &proceed); err != nil {
		return nil //nolint:nilerr // the input has ended
	}
	if err := a.deploy(ctx, lambda.NewFromConfig(cfg)); err != nil {
		return err
	}
	server.ThrottleLambda()
	fmt.Println("deployed")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// prepare makes the keys and parameters of the manifest.
func (a account) prepare(ctx context.Context, cfg aws.Config) error {
	keys, parameters := kms.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	for f := range a.Manifest {
		key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
		if err == nil {
			_, err = keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/f%d", f)), TargetKeyId: key.KeyMetadata.KeyId})
		}
		if err == nil {
			_, err = parameters.PutParameter(ctx, &ssm.PutParameterInput{
				Name: aws.String(fmt.Sprintf("/shop/f%d", f)), Value: aws.String("not-a-real-value"), Type: ssmtypes.ParameterTypeSecureString,
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deploy makes the functions.
func (a account) deploy(ctx context.Context, c *lambda.Client) error {
	errs := make([]error, 4)
	var all sync.WaitGroup
	for k := range errs {
		all.Go(func() {
			for i := k; i < a.Functions && errs[k] == nil; i += len(errs) {
				errs[k] = a.deployOne(ctx, c, i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (a account) deployOne(ctx context.Context, c *lambda.Client, i int) error {
	name, variables := fmt.Sprintf("f%d", i), map[string]string{"TOKEN": strings.Repeat("not-a-real-value", 64)}
	layer := func(number int) []string {
		return []string{fmt.Sprintf("arn:aws:lambda:%s:%s:layer:%s:%d", region, accountID, layerName, number)}
	}
	_, err := c.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::" + accountID + ":role/function"),
		Handler: aws.String("index.handler"), Runtime: lambdatypes.RuntimeNodejs22x,
		Code: &lambdatypes.FunctionCode{ZipFile: codeOf(0)}, Layers: layer(1), Environment: &lambdatypes.Environment{Variables: variables},
	})
	for v := range a.Versions {
		if err == nil && v == a.Versions/2 && i%2 == 0 {
			_, err = c.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Layers: layer(2)})
		}
		if err == nil {
			_, err = c.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: codeOf(v + 1), Publish: true})
		}
	}
	if err == nil {
		_, err = c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	}
	return err
}

// codeOf returns code that differs for each number.
func codeOf(number int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create("index.js"); err == nil {
		_, _ = fmt.Fprint(w, number)
	}
	_ = z.Close()
	return b.Bytes()
}
