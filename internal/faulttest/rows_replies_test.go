//go:build unix

package faulttest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awslocal"
)

// edited changes a member of every reply; a value of "" removes it.
func edited(operation, member, value string) []awslocal.Fault {
	f := awslocal.Fault{Operation: operation, Kind: awslocal.Edit, Member: member}
	if value != "" {
		f.Value = json.RawMessage(value)
	}
	return always(f)
}

// hexadecimal is a value that has the form of a request ID.
const hexadecimal = "6e6f742d612d7265616c2d76616c7565"

// valueAsID answers Encrypt with a wrong key, and the value as the request ID.
func valueAsID(_ *stage, w http.ResponseWriter, operation, _ string) bool {
	if operation != "Encrypt" {
		return false
	}
	w.Header().Set("X-Amzn-Requestid", hexadecimal)
	_, _ = w.Write([]byte(`{"CiphertextBlob": "AAAA", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": "arn:aws:kms:us-west-2:222222222222:key/00000000-0000-0000-0000-000000000000"}`))
	return true
}

// replies are the rows of replies that are not what was asked for.
func replies() []*row {
	return []*row{
		{number: "8", fault: "`{}` from KMS", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Empty}), code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{number: "8", fault: "an empty body from KMS", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.NoBody}), code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{number: "8", fault: "an empty ciphertext", faults: edited(seals, "CiphertextBlob", `""`), code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{number: "9", fault: "`{}` from Parameter Store", faults: always(awslocal.Fault{Operation: reads, Kind: awslocal.Empty}), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "9", fault: "a list without the parameters that were asked for", faults: edited(reads, "Parameters", `[]`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "9", fault: "a parameter that was not asked for", faults: edited(reads, "Parameters[0].Name", `"/prod/other"`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "9", fault: "one parameter ten times", faults: edited(reads, "Parameters[].Name", `"/prod/p0"`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "9", fault: "a name in other letters", faults: edited(reads, "Parameters[0].Name", `"/PROD/P0"`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "9", fault: "a parameter of another account", faults: edited(reads, "Parameters[0].ARN", `"arn:aws:ssm:us-west-2:333333333333:parameter/prod/p0"`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{number: "12", fault: "a ciphertext of another key", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.WrongKey}), code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{fault: "a description of another account's key", faults: edited("kms:DescribeKey", "KeyMetadata.AWSAccountId", `"333333333333"`), code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{fault: "a GiB", faults: always(awslocal.Fault{Operation: reads, Kind: awslocal.Flood}), code: 7, layer: old, names: []string{"/prod/p0"}, step: checkAWS},
		{fault: "a reply twice, as if it were one", faults: always(awslocal.Fault{Operation: reads, Kind: awslocal.Double}), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{fault: "a value that is half of a character", faults: edited(reads, "Parameters[0].Value", `"\udcff"`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{fault: "a reply without a member that AWS always sends", faults: edited(reads, "Parameters[0].Version", ""), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{fault: "a date that is none", faults: edited(reads, "Parameters[0].LastModifiedDate", `1795853654914`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{fault: "another version than in the list", faults: edited(reads+"(decrypt)", "Parameters[0].Version", `7`), code: 7, layer: old, names: []string{"/prod/p0"}, id: true, step: checkAWS},
		{fault: "KMS gives back what it was sent", faults: edited(seals, "CiphertextBlob", `"`+base64.StdEncoding.EncodeToString([]byte(`{"P0":"`+canary(10)+`","P1":"`+canary(11)+`"}`))+`"`),
			code: 7, layer: old, names: []string{"alias/f"}, id: true, step: checkAWS},
		{fault: "a request ID that is a value", manifest: head + function("f0", "/prod/one"), serve: proxied(valueAsID), code: 7, layer: old, names: []string{"alias/f0"}, step: checkAWS,
			account: func(t *testing.T, cfg aws.Config) { put(t, cfg, "/prod/one", hexadecimal) },
			after: func(_ *stage, all []result) string {
				if strings.Contains(flat(all[0].stderr), hexadecimal) {
					return "the value is printed"
				}
				return ""
			}},
		{fault: "an error that repeats a value", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Fail, Code: "ValidationException", Message: "1 validation error detected: " + canary(0)}),
			code: 7, layer: old, names: []string{"alias/f"}, says: "ValidationException", id: true, step: checkAWS},
		{fault: "an error that is a command to the CI", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Fail, Code: "::error::x", Message: "\n::set-output name=x::y"}),
			code: 6, layer: old, names: []string{"alias/f"}, id: true, step: "try again"},
		{fault: "no caller in the reply of STS", faults: always(awslocal.Fault{Operation: "sts:GetCallerIdentity", Kind: awslocal.Empty}), code: 7, layer: old, id: true, step: checkAWS},
	}
}
