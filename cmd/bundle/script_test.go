package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/runtime/released"
	"github.com/whispering/bundle/runtime/secrets"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bundle":         func() { os.Exit(answering(released.Tables())) },
		"bundle-secrets": func() { os.Exit(answering(released.Tables())) },  // its second name
		"bundle-later":   func() { os.Exit(answering(os.DirFS("tables"))) }, // which knows releases
		"read-secret":    readSecret,
	})
}

// seldom is a GOGC with which most commands of stories end before a garbage collection. What the test program initializes would cause
// several, and they take a fifth of the CPU time of 2,000 commands.
const seldom = "800"

// readSecret is a function in Go: it prints the secret that its argument names.
func readSecret() {
	value, err := secrets.Get(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(value)
}

// TestScript runs stories of the command line. Each story has its own server of the
// embedded AWS, which plays the real AWS for account 222222222222:
//
//	aws FILE [REGION]  puts keys and parameters from FILE, and new versions of
//	              them if called again, in us-west-2 or another region; the
//	              credentials in the environment are those of a role that may do
//	              everything in that account
//	replicate ALIAS REGION VARIABLE  replicates a multi-Region key, and sets
//	              VARIABLE to its ARN
//	role FILE...  switches to a role whose policy is FILE, or whose managed policies are the files
//	assumable FILE [TRUST]  makes such a role, for others to assume, or for whom the trust policy TRUST lets
//	fault JSON    injects a fault
//	key STATE ALIAS [REGION]  disables a key, or schedules its deletion
//	secret CHANGE NAME  changes a secret of Secrets Manager: see changeSecret
//	keypolicy ALIAS FILE  gives a key the policy FILE
//	trail NAME [SOURCE]  makes a trail, whose event selectors leave a service out
//	publish NAME FILE  publishes a layer that holds FILE, and is none of bundle's
//	relayer FROM TO [EDIT…]  writes a layer with other files: see editLayer
//	rezip HOW FROM TO  writes a layer as another kind of zip
//	table VERSION LAYER  writes tables/VERSION.txt as the release would that made
//	              the layer's helpers; the program bundle-later knows these tables
//	listen VARIABLE [tls]  listens on a loopback address, and sets VARIABLE to its
//	              URL
//	heard         requires that something was sent there since the last heard
//	hang VARIABLE KIND  listens as well, and keeps whoever calls waiting: see hangs
//	soon CODE COMMAND…  is code, within 3 s
//	served [FOLDER]  waits until bundle local serve is ready
//	login FOLDER FILE  turns to that server, as the role whose credentials FILE has
//	opens [-as ROLE] ALIAS|LAYER SECRET FUNCTION=VALUE…  starts functions, and
//	              compares what they open
//	attack CODE COMMAND…  holds a command to its exit code, and to printing and
//	              changing nothing that it should not; open CODE COMMAND… runs
//	              one that succeeds today, see attacks_test.go
//	fill TEMPLATE FILE NAME=VALUE…  writes a file from a template
//	flip FROM TO OFFSET  changes one bit
//	plant TEXT…   says what attacks must not print, besides values of parameters
//	calls         prints what was called since it was last asked, to standard
//	              output
//
// $AWS is its address, for --endpoint-url. $TEST_GOCACHE and $TEST_GOMODCACHE are
// where Go keeps what it compiled, and $BUNDLE_DIR is the folder of the command.
func TestScript(t *testing.T) {
	folders, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	docs := docsFolder(t)
	caches := strings.Split(strings.TrimSpace(string(folders)), "\n")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     os.Getenv("CONTINUE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TEST_GOCACHE", caches[0])
			env.Setenv("TEST_GOMODCACHE", caches[1])
			env.Setenv(docsVariable, docs)
			env.Setenv("GOGC", seldom)
			env.Setenv("BUNDLE_DIR", filepath.SplitList(env.Getenv("PATH"))[0])
			return setUpAWS(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"aws":       putAll,
			"role":      useRole,
			"assumable": makeAssumable,
			"replicate": replicateKey,
			"fault":     injectFault,
			"key":       changeKey,
			"secret":    changeSecret,
			"keypolicy": putKeyPolicy,
			"tag":       tagKey,
			"tagged":    tagAsPrinted,
			"calls":     printCalls,
			"code":      expectCode,
			"publish":   publishOther,
			"deploy":    deploy,
			"unpublish": unpublish,
			"trail":     putTrail,
			"served":    waitServed,
			"login":     login,
			"opens":     opens,
			"listen":    listen,
			"heard":     heard,
			"hang":      hang,
			"soon":      soon,
			"relayer":   relayer,
			"rezip":     rezip,
			"table":     writeTable,
			"attack":    attack,
			"open":      open,
			"fill":      fill,
			"flip":      flip,
			"plant":     plant,
		},
	})
}

const testAccount = "222222222222"

// publishOther publishes a zip that any other tool may have made.
func publishOther(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publish NAME FILE")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(args[1])
	ts.Check(err)
	_, err = io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(errors.Join(err, z.Close()))
	c := theCloud(ts)
	_, err = c.lambda.PublishLayerVersion(context.Background(), &lambda.PublishLayerVersionInput{
		LayerName: &args[0], Content: &lambdatypes.LayerVersionContentInput{ZipFile: b.Bytes()},
	})
	ts.Check(err)
	c.server.ResetCalls()
}

// A cloud is the embedded AWS of one script, as its administrator sees it.
type cloud struct {
	server  *awslocal.Server
	cfg     aws.Config
	ssm     *ssm.Client
	secrets *secretsmanager.Client
	kms     *kms.Client
	lambda  *lambda.Client
	values  *[]string // of all parameters and secrets
}

func setUpAWS(env *testscript.Env) error {
	server, err := awslocal.New(awslocal.WithFunctionTimes(time.Millisecond, time.Millisecond))
	if err != nil {
		return err
	}
	env.Defer(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	id, key := sts.NewAccessKey("AKIA")
	err = server.PutRole(sts.Role{
		Name: "admin", Account: testAccount, AccessKeyID: id, SecretAccessKey: key,
		Policy: json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`),
	})
	if err != nil {
		return err
	}
	cfg := aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
	}
	env.Values[earsKey{}] = new([]*ear)
	env.Values["cloud"] = &cloud{server, cfg, ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg), kms.NewFromConfig(cfg), lambda.NewFromConfig(cfg), new([]string)}
	env.Setenv("AWS", url)
	env.Setenv("AWS_ACCESS_KEY_ID", id)
	env.Setenv("AWS_SECRET_ACCESS_KEY", key)
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("CI", "")
	return nil
}

func theCloud(ts *testscript.TestScript) *cloud { return ts.Value("cloud").(*cloud) }

// putAll puts what a file describes: {"keys": ["alias/x"], "aliases": {"alias/y": "alias/x"}, "parameters": {"/name": "value"}, "strings": {"/name": "value"},
// "lists": {"/name": "value"}, "under": {"/name": "alias/x"}, "typed": {"/name": "json"}}. A parameter is under alias/aws/ssm, and text, unless it says otherwise.
// "secrets" and "binaries" are secrets of Secrets Manager. "multi" are keys that can be replicated, and "deleted" are parameters that are deleted first.
func putAll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: aws FILE [REGION]")
	}
	var all struct {
		Keys       []string
		Multi      []string
		Aliases    map[string]string
		Parameters map[string]string
		Strings    map[string]string
		Lists      map[string]string
		Under      map[string]string
		Typed      map[string]string
		Secrets    map[string]string
		Binaries   map[string][]byte
		Deleted    []string
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &all))
	c, ctx := theCloud(ts), context.Background()
	if len(args) == 2 {
		c = c.in(args[1])
	}
	for _, alias := range slices.Concat(all.Keys, all.Multi) {
		key, err := c.kms.CreateKey(ctx, &kms.CreateKeyInput{MultiRegion: aws.Bool(slices.Contains(all.Multi, alias))})
		ts.Check(err)
		_, err = c.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId})
		ts.Check(err)
	}
	for alias, of := range all.Aliases {
		key, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &of})
		ts.Check(err)
		_, err = c.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyMetadata.KeyId})
		ts.Check(err)
	}
	for _, name := range all.Deleted {
		_, err := c.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
		ts.Check(err)
	}
	put := func(kind ssmtypes.ParameterType, values map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			in := &ssm.PutParameterInput{
				Name: &name, Value: aws.String(values[name]), Type: kind, Overwrite: aws.Bool(true),
				Tier: ssmtypes.ParameterTierIntelligentTiering,
			}
			if key := all.Under[name]; key != "" {
				in.KeyId = &key
			}
			if name := all.Typed[name]; name != "" {
				in.DataType = &name
			}
			_, err := c.ssm.PutParameter(ctx, in)
			ts.Check(err)
			*c.values = append(*c.values, values[name])
		}
	}
	put(ssmtypes.ParameterTypeSecureString, all.Parameters)
	put(ssmtypes.ParameterTypeString, all.Strings)
	put(ssmtypes.ParameterTypeStringList, all.Lists)
	c.putSecrets(ts, all.Secrets, all.Binaries)
	c.server.ResetCalls()
}

// in is the cloud as it is in another region.
func (c *cloud) in(region string) *cloud {
	return &cloud{
		c.server, c.cfg, ssm.New(c.ssm.Options(), func(o *ssm.Options) { o.Region = region }),
		secretsmanager.New(c.secrets.Options(), func(o *secretsmanager.Options) { o.Region = region }),
		kms.New(c.kms.Options(), func(o *kms.Options) { o.Region = region }), lambda.New(c.lambda.Options(), func(o *lambda.Options) { o.Region = region }),
		c.values,
	}
}

func replicateKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replicate ALIAS REGION VARIABLE")
	}
	c, ctx := theCloud(ts), context.Background()
	key, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &args[0]})
	ts.Check(err)
	_, err = c.kms.ReplicateKey(ctx, &kms.ReplicateKeyInput{KeyId: key.KeyMetadata.KeyId, ReplicaRegion: &args[1]})
	ts.Check(err)
	ts.Setenv(args[2], aws.ToString(key.KeyMetadata.Arn))
	c.server.ResetCalls()
}

func makeAssumable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: assumable FILE [TRUST]")
	}
	role := sts.Role{Name: strings.TrimSuffix(args[0], ".json"), Account: testAccount, Policy: json.RawMessage(ts.ReadFile(args[0]))}
	if len(args) == 2 {
		role.TrustPolicy = json.RawMessage(ts.ReadFile(args[1]))
	}
	ts.Check(theCloud(ts).server.PutRole(role))
}

func useRole(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: role FILE...")
	}
	id, key := sts.NewAccessKey("AKIA")
	role := sts.Role{
		Name: strings.TrimSuffix(filepath.Base(args[0]), ".json"), Account: testAccount, AccessKeyID: id, SecretAccessKey: key,
	}
	for _, file := range args {
		role.Policies = append(role.Policies, json.RawMessage(ts.ReadFile(file)))
	}
	if len(args) == 1 { // of any size
		role.Policy, role.Policies = role.Policies[0], nil
	}
	ts.Check(theCloud(ts).server.PutRole(role))
	ts.Setenv("AWS_ACCESS_KEY_ID", id)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", key)
}

func injectFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fault JSON")
	}
	if args[0] == "none" {
		theCloud(ts).server.ClearFaults()
		return
	}
	var f awslocal.Fault
	ts.Check(json.Unmarshal([]byte(args[0]), &f))
	theCloud(ts).server.Inject(f)
}

func changeKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: key disabled|enabled|deleted|shared|granted|used ALIAS [REGION]")
	}
	c, ctx := theCloud(ts), context.Background()
	if len(args) == 3 {
		c = c.in(args[2])
	}
	key, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &args[1]})
	ts.Check(err)
	switch id := key.KeyMetadata.KeyId; args[0] {
	case "disabled":
		_, err = c.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
	case "enabled":
		_, err = c.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: id})
	case "deleted":
		_, err = c.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id})
	case "shared": // with another account, through Resource Access Manager
		err = c.server.Share(*key.KeyMetadata.Arn, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*"}]}`)
	case "granted":
		_, err = c.kms.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: id, GranteePrincipal: aws.String("arn:aws:iam::444444444444:role/grantee"), Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
		})
	case "used":
		_, err = c.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte("x")})
	default:
		ts.Fatalf("unknown state %q", args[0])
	}
	ts.Check(err)
	c.server.ResetCalls()
}

// tagKey tags a key: tag ALIAS KEY=VALUE...
func tagKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tag ALIAS KEY=VALUE...")
	}
	c, ctx := theCloud(ts), context.Background()
	key, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &args[0]})
	ts.Check(err)
	var tags []kmstypes.Tag
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		tags = append(tags, kmstypes.Tag{TagKey: &name, TagValue: &value})
	}
	_, err = c.kms.TagResource(ctx, &kms.TagResourceInput{KeyId: key.KeyMetadata.KeyId, Tags: tags})
	ts.Check(err)
	c.server.ResetCalls()
}

// tagAsPrinted does what the commands in standard error say.
func tagAsPrinted(ts *testscript.TestScript, neg bool, args []string) {
	command := regexp.MustCompile(`(?m)^  aws kms tag-resource --region us-west-2 --key-id (arn:\S+) --tags((?: TagKey=\S+,TagValue=\S+)+)$`)
	found := command.FindAllStringSubmatch(ts.ReadFile("stderr"), -1)
	if neg || len(args) > 0 || len(found) == 0 {
		ts.Fatalf("usage: tagged, after a command that prints how to tag keys")
	}
	c := theCloud(ts)
	for _, m := range found {
		var tags []kmstypes.Tag
		for _, word := range strings.Fields(m[2]) {
			name, value, _ := strings.Cut(strings.TrimPrefix(word, "TagKey="), ",TagValue=")
			tags = append(tags, kmstypes.Tag{TagKey: &name, TagValue: &value})
		}
		_, err := c.kms.TagResource(context.Background(), &kms.TagResourceInput{KeyId: &m[1], Tags: tags})
		ts.Check(err)
	}
	c.server.ResetCalls()
}

func printCalls(ts *testscript.TestScript, neg bool, _ []string) {
	server := theCloud(ts).server
	calls := server.Calls()
	server.ResetCalls()
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		fmt.Fprintf(&lines, "%s %d\n", name, calls[name])
	}
	if neg && lines.Len() > 0 {
		ts.Fatalf("there were calls:\n%s", lines.String())
	}
	_, err := fmt.Fprint(ts.Stdout(), lines.String())
	ts.Check(err)
}

// waitServed waits until bundle local serve has announced itself.
func waitServed(ts *testscript.TestScript, neg bool, args []string) {
	folder := ".bundle-local/*"
	if len(args) > 0 {
		folder = args[0]
	}
	for range 500 {
		if announced, _ := filepath.Glob(ts.MkAbs(folder + "/server.json")); len(announced) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("no server was announced")
}

// expectCode runs a command that must end with an exit code: code 5 bundle ….
func expectCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND ARGS…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, not %s", got, args[0])
	}
}
