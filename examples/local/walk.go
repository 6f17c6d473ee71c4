//go:build ignore

// The walk of docs/local.md with the AWS SDK for Go, version 2: nothing in it knows that the AWS is an embedded one.
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
)

func main() {
	if err := walk(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func walk(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	ssms, keys := ssm.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	name, alias := aws.String("/local/walk/password"), aws.String("alias/local-walk")

	created, err := keys.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("of the walk")})
	if err != nil {
		return err
	}
	key := created.KeyMetadata.Arn
	if _, err := keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: alias, TargetKeyId: key}); err != nil {
		return err
	}
	put, err := ssms.PutParameter(ctx, &ssm.PutParameterInput{
		Name: name, Type: types.ParameterTypeSecureString, KeyId: alias, Value: aws.String("not-a-real-password"),
	})
	if err != nil {
		return err
	}
	fmt.Println("put version", put.Version)

	page, err := ssms.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/local/walk"), Recursive: aws.Bool(true)})
	if err != nil {
		return err
	}
	for _, p := range page.Parameters {
		fmt.Println("listed", *p.Name)
	}

	decrypted, err := ssms.GetParameter(ctx, &ssm.GetParameterInput{Name: name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return err
	}
	fmt.Println("decrypted", *decrypted.Parameter.Value)

	// Without decryption it is a KMS ciphertext, under the key and the parameter's ARN.
	sealed, err := ssms.GetParameter(ctx, &ssm.GetParameterInput{Name: name})
	if err != nil {
		return err
	}
	blob, err := base64.StdEncoding.DecodeString(*sealed.Parameter.Value)
	if err != nil {
		return err
	}
	opened, err := keys.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: blob, KeyId: key, EncryptionContext: map[string]string{"PARAMETER_ARN": *sealed.Parameter.ARN},
	})
	if err != nil {
		return err
	}
	fmt.Println("opened", string(opened.Plaintext))
	_, err = keys.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: key})
	var refused smithy.APIError
	if errors.As(err, &refused) {
		fmt.Println("refused", refused.ErrorCode())
	}

	if _, err := ssms.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: name}); err != nil {
		return err
	}
	if _, err := keys.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: alias}); err != nil {
		return err
	}
	if _, err := keys.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)}); err != nil {
		return err
	}
	fmt.Println("deleted")
	return nil
}
