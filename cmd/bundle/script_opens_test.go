package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"
)

// login turns the story to the embedded AWS that bundle local serve announces in a folder, as the role whose credentials a file has, which
// bundle local role has printed.
func login(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: login FOLDER FILE")
	}
	var server struct{ URL string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], "server.json"))), &server))
	printed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^export (\w+)='(.*)'$`).FindAllStringSubmatch(ts.ReadFile(args[1]), -1) {
		printed[m[1]] = m[2]
	}
	id, key := printed["AWS_ACCESS_KEY_ID"], printed["AWS_SECRET_ACCESS_KEY"]
	ts.Setenv("AWS", server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", id)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", key)
	c := theCloud(ts)
	c.cfg = aws.Config{Region: c.cfg.Region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")}
	c.ssm, c.kms, c.lambda = ssm.NewFromConfig(c.cfg), kms.NewFromConfig(c.cfg), lambda.NewFromConfig(c.cfg)
}

// opens starts functions as Lambda does, and compares the secret that each opens with its helper, as its own role. Their layer is the one
// that Lambda has attached to the versions that an alias serves, in the order: the alias's version, and the one with a weight; or it is a
// file. -as names another role.
func opens(ts *testscript.TestScript, neg bool, args []string) {
	as := ""
	if len(args) > 1 && args[0] == "-as" {
		as, args = args[1], args[2:]
	}
	if neg || len(args) < 3 {
		ts.Fatalf("usage: opens [-as ROLE] ALIAS|LAYER SECRET FUNCTION=VALUE,VALUE...\nValues are those of its versions, or error codes.")
	}
	ctx, c := context.Background(), theCloud(ts)
	for _, arg := range args[2:] {
		function, want, _ := strings.Cut(arg, "=")
		var got []string
		for _, s := range startsOf(ctx, ts, c, function, args[0]) {
			if as != "" {
				s.role = as
			}
			got = append(got, s.open(ctx, ts, c, args[1]))
		}
		if strings.Join(got, ",") != want {
			ts.Fatalf("function %s, %s: opens %s, not %s", function, args[0], strings.Join(got, ","), want)
		}
	}
	c.server.ResetCalls()
}

// A coldStart is what Lambda starts a version of a function from.
type coldStart struct {
	function, role string
	runtime        lambdatypes.Runtime
	env            map[string]string
	layers         [][]byte
}

// startsOf returns what Lambda would start for calls of an alias, or of $LATEST with a layer's file.
func startsOf(ctx context.Context, ts *testscript.TestScript, c *cloud, function, from string) []coldStart {
	qualifiers, file := []string{"$LATEST"}, strings.HasSuffix(from, ".zip")
	if !file {
		alias, err := c.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &from})
		ts.Check(err)
		qualifiers = []string{*alias.FunctionVersion}
		if alias.RoutingConfig != nil {
			qualifiers = slices.AppendSeq(qualifiers, maps.Keys(alias.RoutingConfig.AdditionalVersionWeights))
		}
	}
	var all []coldStart
	for _, q := range qualifiers {
		conf, err := c.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function, Qualifier: &q})
		ts.Check(err)
		s := coldStart{function: function, role: (*conf.Role)[strings.LastIndex(*conf.Role, "/")+1:], runtime: conf.Runtime}
		if conf.Environment != nil {
			s.env = conf.Environment.Variables
		}
		if file {
			s.layers = [][]byte{[]byte(ts.ReadFile(from))}
		} else {
			for _, l := range conf.Layers {
				s.layers = append(s.layers, c.download(ctx, ts, *l.Arn))
			}
		}
		all = append(all, s)
	}
	return all
}

// download returns a version of a layer.
func (c *cloud) download(ctx context.Context, ts *testscript.TestScript, arn string) []byte {
	v, err := c.lambda.GetLayerVersionByArn(ctx, &lambda.GetLayerVersionByArnInput{Arn: &arn})
	ts.Check(err)
	reply, err := http.Get(*v.Content.Location)
	ts.Check(err)
	defer reply.Body.Close()
	content, err := io.ReadAll(reply.Body)
	ts.Check(err)
	if reply.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", arn, reply.Status)
	}
	return content
}

// The functions: they print the secret that their argument names, or an error with its code.
const (
	nodeFunction   = `require("bundle-secrets").getSecret(process.argv[1]).then(console.log, (e) => { console.error("(" + e.code + ")"); process.exitCode = 1; })`
	pythonFunction = `
import sys
import bundle_secrets
try:
    print(bundle_secrets.get_secret(sys.argv[1]))
except bundle_secrets.SecretsError as e:
    sys.exit("(" + e.code + ")")`
)

// errorCode is in the message of each helper.
var errorCode = regexp.MustCompile(`\(([a-z_]+)\)`)

// open returns the secret, or the code of the error.
func (s coldStart) open(ctx context.Context, ts *testscript.TestScript, c *cloud, secret string) string {
	opt, err := os.MkdirTemp(ts.Getenv("TMPDIR"), "opt")
	ts.Check(err)
	defer os.RemoveAll(opt)
	for _, layer := range s.layers {
		ts.Check(unzipTo(opt, layer))
	}
	command := []string{"read-secret", secret}
	switch kind := string(s.runtime); {
	case strings.HasPrefix(kind, "nodejs"):
		command = []string{"node", "-e", nodeFunction, secret}
	case strings.HasPrefix(kind, "python"):
		command = []string{"python3", "-c", pythonFunction, secret}
	}
	role := "arn:aws:iam::" + testAccount + ":role/" + s.role
	session, err := sts.NewFromConfig(c.cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &s.function})
	ts.Check(err)
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(limited, command[0], command[1:]...)
	cmd.Env = []string{
		"PATH=" + ts.Getenv("PATH"), "HOME=" + opt, "GOGC=" + seldom, "BUNDLE_SECRETS_DIR=" + opt, "AWS_LAMBDA_FUNCTION_NAME=" + s.function,
		"NODE_PATH=" + filepath.Join(opt, "nodejs", "node_modules"), "PYTHONPATH=" + filepath.Join(opt, "python"), "PYTHONDONTWRITEBYTECODE=1",
		"AWS_REGION=" + c.cfg.Region, "AWS_ENDPOINT_URL=" + *c.cfg.BaseEndpoint,
		"AWS_ACCESS_KEY_ID=" + *session.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *session.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + *session.Credentials.SessionToken,
	}
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err == nil && stderr.Len() == 0 {
		return strings.TrimSuffix(stdout.String(), "\n")
	}
	if m := errorCode.FindStringSubmatch(stderr.String()); m != nil && stdout.Len() == 0 {
		return m[1]
	}
	return fmt.Sprintf("%q and %q (%v)", &stdout, &stderr, err)
}

// unzipTo unpacks a layer over what is there.
func unzipTo(folder string, content []byte) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	return fs.WalkDir(z, ".", func(path string, d fs.DirEntry, err error) error {
		to := filepath.Join(folder, filepath.FromSlash(path))
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		}
		b, err := fs.ReadFile(z, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
}
