// What docs/local.md says that a program can do, with the AWS SDK for Go, version 2. It prints what walk.txt has.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

type walk struct {
	ctx context.Context
}

func main() {
	w := walk{context.Background()}
	cfg := got(config.LoadDefaultConfig(w.ctx))
	w.sts(sts.NewFromConfig(cfg))
	keys := kms.NewFromConfig(cfg)
	one, two := w.keys(keys)
	parameters := ssm.NewFromConfig(cfg)
	w.parameters(parameters)
	w.crypto(keys, parameters, one, two)
	layers := lambda.NewFromConfig(cfg)
	w.layers(layers)
	w.role(got(config.LoadDefaultConfig(w.ctx, config.WithSharedConfigProfile("reader"))))
	w.retries(parameters, keys, layers, one)
	w.end(parameters, keys, one)
}

func got[T any](out T, err error) T {
	done(err)
	return out
}

func done(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func say(words ...any) { fmt.Println(words...) }

func recent(t *time.Time) bool { return t != nil && time.Since(*t).Abs() < time.Minute }

// refused prints the error that a call ends with, once the client made a value of its own type of it.
func refused[T smithy.APIError, Out any](_ Out, err error) {
	var typed T
	var reply *awshttp.ResponseError
	if !errors.As(err, &typed) || !errors.As(err, &reply) || !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(reply.ServiceRequestID()) {
		log.Fatal("not refused as it should be: ", err)
	}
	say("refused", typed.ErrorCode(), reply.HTTPStatusCode(), typed.ErrorMessage())
}

// each prints what all pages have.
func each[Page any, Options any](w walk, what string, pages interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (*Page, error)
}, items func(*Page) []string) {
	var all []string
	count := 0
	for ; pages.HasMorePages(); count++ {
		all = append(all, items(got(pages.NextPage(w.ctx)))...)
	}
	say(what, strings.Join(all, " "), "in", count, "pages")
}

func mapped[T any](items []T, text func(T) string) (all []string) {
	for _, item := range items {
		all = append(all, text(item))
	}
	return all
}

func (w walk) sts(c *sts.Client) {
	me := got(c.GetCallerIdentity(w.ctx, nil))
	say("caller", *me.Account, *me.Arn)
	refused[*ststypes.MalformedPolicyDocumentException](c.AssumeRole(w.ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::000000000000:role/reader"), RoleSessionName: aws.String("walk"), Policy: aws.String("{}"),
	}))
}

func (w walk) keys(c *kms.Client) (one, two *kmstypes.KeyMetadata) {
	one = got(c.CreateKey(w.ctx, &kms.CreateKeyInput{
		Description: aws.String("grün <&>"), Tags: []kmstypes.Tag{{TagKey: aws.String("team"), TagValue: aws.String("walk")}},
	})).KeyMetadata
	two = got(c.CreateKey(w.ctx, nil)).KeyMetadata
	say("key", one.Enabled, one.KeyState, *one.Description, recent(one.CreationDate))
	got(c.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/walk"), TargetKeyId: one.KeyId}))
	got(c.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/walk-2"), TargetKeyId: one.KeyId}))
	say("alias", *got(c.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/walk")})).KeyMetadata.Arn == *one.Arn)
	each(w, "aliases", kms.NewListAliasesPaginator(c, &kms.ListAliasesInput{KeyId: one.KeyId, Limit: aws.Int32(1)}), func(p *kms.ListAliasesOutput) []string {
		return mapped(p.Aliases, func(a kmstypes.AliasListEntry) string { return *a.AliasName })
	})
	refused[*kmstypes.AlreadyExistsException](c.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/walk"), TargetKeyId: two.KeyId}))
	each(w, "tags", kms.NewListResourceTagsPaginator(c, &kms.ListResourceTagsInput{KeyId: one.KeyId}), func(p *kms.ListResourceTagsOutput) []string {
		return mapped(p.Tags, func(t kmstypes.Tag) string { return *t.TagKey + "=" + *t.TagValue })
	})
	return one, two
}

func (w walk) parameters(c *ssm.Client) {
	put := func(name, value string, more ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
		more.Name, more.Value = &name, &value
		if more.Type == "" {
			more.Type = ssmtypes.ParameterTypeString
		}
		return c.PutParameter(w.ctx, &more)
	}
	first := got(put("/walk/app/greeting", "grüße ☃ 🗝 <&> \"x\"\n", ssm.PutParameterInput{Tags: []ssmtypes.Tag{{Key: aws.String("team"), Value: aws.String("walk")}}}))
	say("put", first.Version, first.Tier)
	say("put", got(put("/walk/app/greeting", "second", ssm.PutParameterInput{Overwrite: aws.Bool(true)})).Version)
	list := ssm.PutParameterInput{Type: ssmtypes.ParameterTypeStringList}
	got(put("/walk/app/list", "a,b", list))
	got(put("/walk/app/db/password", "not-a-real-password", ssm.PutParameterInput{Type: ssmtypes.ParameterTypeSecureString, KeyId: aws.String("alias/walk")}))
	say("put", got(put("/walk/app/settings", `{"a": 1}`, ssm.PutParameterInput{DataType: aws.String("jsonc"), Tier: ssmtypes.ParameterTierAdvanced})).Tier)
	refused[*ssmtypes.ParameterAlreadyExists](put("/walk/app/list", "c", list))
	refused[smithy.APIError](put("/walk/app/number", "many", ssm.PutParameterInput{DataType: aws.String("integer")}))
	labeled := got(c.LabelParameterVersion(w.ctx, &ssm.LabelParameterVersionInput{
		Name: aws.String("/walk/app/greeting"), ParameterVersion: aws.Int64(1), Labels: []string{"stable", "1st"},
	}))
	say("labeled", labeled.ParameterVersion, strings.Join(labeled.InvalidLabels, " "))
	get := func(name string) (*ssm.GetParameterOutput, error) {
		return c.GetParameter(w.ctx, &ssm.GetParameterInput{Name: &name})
	}
	stable := got(get("/walk/app/greeting:stable")).Parameter
	say("get", stable.Version, *stable.Selector, *stable.DataType, recent(stable.LastModifiedDate), *stable.Value == "grüße ☃ 🗝 <&> \"x\"\n")
	each(w, "history", ssm.NewGetParameterHistoryPaginator(c, &ssm.GetParameterHistoryInput{Name: aws.String("/walk/app/greeting"), MaxResults: aws.Int32(1)}),
		func(p *ssm.GetParameterHistoryOutput) []string {
			return mapped(p.Parameters, func(v ssmtypes.ParameterHistory) string {
				return fmt.Sprint(v.Version, "=", strings.Join(v.Labels, ","))
			})
		})
	each(w, "by path", ssm.NewGetParametersByPathPaginator(c, &ssm.GetParametersByPathInput{
		Path: aws.String("/walk/app"), Recursive: aws.Bool(true), WithDecryption: aws.Bool(true), MaxResults: aws.Int32(1),
	}), func(p *ssm.GetParametersByPathOutput) []string {
		return mapped(p.Parameters, func(v ssmtypes.Parameter) string {
			if v.Type == ssmtypes.ParameterTypeSecureString {
				return *v.Name + "=" + *v.Value
			}
			return *v.Name + "=" + string(v.Type)
		})
	})
	each(w, "described", ssm.NewDescribeParametersPaginator(c, &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{"/walk"}}}, MaxResults: aws.Int32(2),
	}), func(p *ssm.DescribeParametersOutput) []string {
		return mapped(p.Parameters, func(v ssmtypes.ParameterMetadata) string { return *v.Name + "=" + string(v.Tier) })
	})
	several := got(c.GetParameters(w.ctx, &ssm.GetParametersInput{Names: []string{"/walk/app/list", "/walk/none"}}))
	say("several", *several.Parameters[0].Value, strings.Join(several.InvalidParameters, ","))
	refused[*ssmtypes.ParameterNotFound](get("/walk/none"))
	refused[*ssmtypes.ParameterVersionNotFound](get("/walk/app/list:9"))
	refused[*ssmtypes.InvalidKeyId](put("/walk/app/x", "x", ssm.PutParameterInput{Type: ssmtypes.ParameterTypeSecureString, KeyId: aws.String("alias/walk-none")}))
}

func (w walk) crypto(c *kms.Client, parameters *ssm.Client, one, two *kmstypes.KeyMetadata) {
	in := map[string]string{"service": "walk", "größe": "1 < 2 & 3"}
	sealed := got(c.Encrypt(w.ctx, &kms.EncryptInput{KeyId: aws.String("alias/walk"), Plaintext: []byte("not-a-real-secret"), EncryptionContext: in})).CiphertextBlob
	say("decrypt", string(got(c.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: in})).Plaintext))
	refused[*kmstypes.InvalidCiphertextException](c.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: map[string]string{"service": "other"}}))
	refused[*kmstypes.IncorrectKeyException](c.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: in, KeyId: two.Arn}))
	again := got(c.ReEncrypt(w.ctx, &kms.ReEncryptInput{CiphertextBlob: sealed, SourceEncryptionContext: in, DestinationKeyId: two.KeyId}))
	say("re-encrypt", *again.SourceKeyId == *one.Arn, *again.KeyId == *two.Arn,
		string(got(c.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: again.CiphertextBlob, KeyId: two.KeyId})).Plaintext))
	parameter := got(parameters.GetParameter(w.ctx, &ssm.GetParameterInput{Name: aws.String("/walk/app/db/password")})).Parameter
	say("opened", string(got(c.Decrypt(w.ctx, &kms.DecryptInput{
		CiphertextBlob: got(base64.StdEncoding.DecodeString(*parameter.Value)), EncryptionContext: map[string]string{"PARAMETER_ARN": *parameter.ARN},
	})).Plaintext))
	data := got(c.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: two.KeyId, KeySpec: kmstypes.DataKeySpecAes256}))
	say("data key", len(data.Plaintext), bytes.Equal(data.Plaintext, got(c.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})).Plaintext))
	got(c.DisableKey(w.ctx, &kms.DisableKeyInput{KeyId: two.KeyId}))
	refused[*kmstypes.DisabledException](c.Encrypt(w.ctx, &kms.EncryptInput{KeyId: two.KeyId, Plaintext: []byte("x")}))
	refused[*kmstypes.NotFoundException](c.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/walk-none")}))
	var policy struct{ Statement []struct{ Effect string } }
	done(json.Unmarshal([]byte(*got(c.GetKeyPolicy(w.ctx, &kms.GetKeyPolicyInput{KeyId: one.KeyId, PolicyName: aws.String("default")})).Policy), &policy))
	say("key policy", policy.Statement[0].Effect)
	grant := got(c.CreateGrant(w.ctx, &kms.CreateGrantInput{
		KeyId: one.KeyId, GranteePrincipal: aws.String("arn:aws:iam::000000000000:role/reader"), Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
	}))
	each(w, "grants", kms.NewListGrantsPaginator(c, &kms.ListGrantsInput{KeyId: one.KeyId}), func(p *kms.ListGrantsOutput) []string {
		return mapped(p.Grants, func(g kmstypes.GrantListEntry) string {
			return fmt.Sprint(g.Operations[0], " ", *g.GrantId == *grant.GrantId)
		})
	})
}

func (w walk) layers(c *lambda.Client) {
	archive := got(os.ReadFile(os.Getenv("WALK_ARCHIVE")))
	name := aws.String("walk")
	layer := func(zip []byte) (*lambda.PublishLayerVersionOutput, error) {
		return c.PublishLayerVersion(w.ctx, &lambda.PublishLayerVersionInput{
			LayerName: name, Description: aws.String("grün"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: zip},
			CompatibleRuntimes: []lambdatypes.Runtime{"nodejs26.x", "python3.14"},
		})
	}
	first := got(layer(archive))
	got(layer(archive))
	created := got(time.Parse("2006-01-02T15:04:05.000-0700", *first.CreatedDate))
	say("published", first.Version, *first.LayerVersionArn, first.Content.CodeSize == int64(len(archive)), recent(&created))
	each(w, "versions", lambda.NewListLayerVersionsPaginator(c, &lambda.ListLayerVersionsInput{LayerName: name, CompatibleRuntime: "nodejs26.x", MaxItems: aws.Int32(1)}),
		func(p *lambda.ListLayerVersionsOutput) []string {
			return mapped(p.LayerVersions, func(v lambdatypes.LayerVersionsListItem) string { return fmt.Sprint(v.Version) })
		})
	each(w, "layers", lambda.NewListLayersPaginator(c, &lambda.ListLayersInput{MaxItems: aws.Int32(1)}), func(p *lambda.ListLayersOutput) []string {
		return mapped(p.Layers, func(l lambdatypes.LayersListItem) string { return *l.LayerName })
	})
	version := func(number int32) (*lambda.GetLayerVersionOutput, error) {
		return c.GetLayerVersion(w.ctx, &lambda.GetLayerVersionInput{LayerName: name, VersionNumber: aws.Int64(int64(number))})
	}
	byARN := got(c.GetLayerVersionByArn(w.ctx, &lambda.GetLayerVersionByArnInput{Arn: first.LayerVersionArn}))
	reply := got(http.Get(*got(version(1)).Content.Location))
	defer reply.Body.Close()
	zip := got(io.ReadAll(reply.Body))
	sum := sha256.Sum256(zip)
	say("downloaded", reply.StatusCode, bytes.Equal(zip, archive), base64.StdEncoding.EncodeToString(sum[:]) == *byARN.Content.CodeSha256,
		strings.Join(mapped(byARN.CompatibleRuntimes, func(r lambdatypes.Runtime) string { return string(r) }), ","))
	refused[*lambdatypes.ResourceNotFoundException](version(9))
	refused[*lambdatypes.InvalidParameterValueException](layer([]byte("no archive")))
	permit := &lambda.AddLayerVersionPermissionInput{
		LayerName: name, VersionNumber: aws.Int64(1), StatementId: aws.String("all"), Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String("*"),
	}
	got(c.AddLayerVersionPermission(w.ctx, permit))
	refused[*lambdatypes.ResourceConflictException](c.AddLayerVersionPermission(w.ctx, permit))
	var policy struct{ Statement []struct{ Sid string } }
	done(json.Unmarshal([]byte(*got(c.GetLayerVersionPolicy(w.ctx, &lambda.GetLayerVersionPolicyInput{LayerName: name, VersionNumber: aws.Int64(1)})).Policy), &policy))
	say("permission", policy.Statement[0].Sid)
	got(c.RemoveLayerVersionPermission(w.ctx, &lambda.RemoveLayerVersionPermissionInput{LayerName: name, VersionNumber: aws.Int64(1), StatementId: aws.String("all")}))
	got(c.DeleteLayerVersion(w.ctx, &lambda.DeleteLayerVersionInput{LayerName: name, VersionNumber: aws.Int64(1)}))
}

// role reads with the profile, which assumes a role that can read a part of the parameters only.
func (w walk) role(cfg aws.Config) {
	me := got(sts.NewFromConfig(cfg).GetCallerIdentity(w.ctx, nil))
	say("role", strings.Join(strings.Split(*me.Arn, "/")[:2], "/"))
	c := ssm.NewFromConfig(cfg)
	say("read", *got(c.GetParameter(w.ctx, &ssm.GetParameterInput{Name: aws.String("/walk/app/db/password"), WithDecryption: aws.Bool(true)})).Parameter.Value)
	refused[smithy.APIError](c.GetParameter(w.ctx, &ssm.GetParameterInput{Name: aws.String("/walk/other")}))
	refused[smithy.APIError](kms.NewFromConfig(cfg).ListKeys(w.ctx, nil))
}

// retries makes calls whose first attempts fail: see the test.
func (w walk) retries(parameters *ssm.Client, keys *kms.Client, layers *lambda.Client, one *kmstypes.KeyMetadata) {
	tag := got(parameters.ListTagsForResource(w.ctx, &ssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: aws.String("/walk/app/greeting")})).TagList[0]
	say("throttled", *tag.Key+"="+*tag.Value)
	say("failed", strings.Join(got(keys.ListKeyPolicies(w.ctx, &kms.ListKeyPoliciesInput{KeyId: one.KeyId})).PolicyNames, ","))
	again := got(keys.GenerateDataKeyWithoutPlaintext(w.ctx, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: one.KeyId, KeySpec: kmstypes.DataKeySpecAes256}))
	say("reset", *again.KeyId == *one.Arn)
	got(layers.DeleteLayerVersion(w.ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String("walk"), VersionNumber: aws.Int64(2)}))
	say("throttled")
}

func (w walk) end(parameters *ssm.Client, keys *kms.Client, one *kmstypes.KeyMetadata) {
	gone := got(parameters.DeleteParameters(w.ctx, &ssm.DeleteParametersInput{Names: []string{"/walk/app/greeting", "/walk/app/list", "/walk/none"}}))
	names := map[string]bool{}
	for _, name := range gone.DeletedParameters {
		names[name] = true
	}
	say("deleted", strings.Join(slices.Sorted(maps.Keys(names)), ","), strings.Join(gone.InvalidParameters, ","))
	ends := got(keys.ScheduleKeyDeletion(w.ctx, &kms.ScheduleKeyDeletionInput{KeyId: one.KeyId, PendingWindowInDays: aws.Int32(7)}))
	say("ends", ends.KeyState, math.Round(time.Until(*ends.DeletionDate).Hours()/24))
	refused[*kmstypes.KMSInvalidStateException](keys.EnableKey(w.ctx, &kms.EnableKeyInput{KeyId: one.KeyId}))
}
