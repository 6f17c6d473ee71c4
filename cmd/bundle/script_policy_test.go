package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/rogpeppe/go-internal/testscript"
)

// putKeyPolicy gives a key another policy: keypolicy ALIAS FILE.
func putKeyPolicy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keypolicy ALIAS FILE")
	}
	c, ctx := theCloud(ts), context.Background()
	key, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &args[0]})
	ts.Check(err)
	_, err = c.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: key.KeyMetadata.KeyId, Policy: aws.String(ts.ReadFile(args[1]))})
	ts.Check(err)
	c.server.ResetCalls()
}
