//go:build unix

package faulttest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// An identity is a web identity whose credentials expire while the build runs. The CI renews its token, which is in a
// file, unless that is over too.
type identity struct {
	renewed bool
	traded  atomic.Int32 // tokens that STS was given
	stale   atomic.Int32 // those that were not the newest
}

const (
	leased  = 200 * time.Millisecond
	roleARN = "arn:aws:iam::" + account + ":role/admin"
)

// serve serves the embedded AWS with an STS that knows the tokens. The first reply with parameters comes when the
// credentials have expired.
func (i *identity) serve(s *stage) string {
	s.write("token", "token-1")
	return proxied(func(s *stage, w http.ResponseWriter, operation, body string) bool {
		form, err := url.ParseQuery(body)
		switch {
		case operation == "GetParameters" && i.traded.Load() == 1:
			time.Sleep(2 * leased)
			return false
		case err != nil || form.Get("Action") != "AssumeRoleWithWebIdentity":
			return false
		}
		n := i.traded.Add(1)
		newest, lease := "token-1", leased
		if n > 1 && i.renewed {
			newest, lease = "token-2", time.Hour
		}
		if form.Get("WebIdentityToken") != newest {
			i.stale.Add(1)
		}
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("X-Amzn-Requestid", "11111111-2222-3333-4444-555555555555")
		if n > 1 && !i.renewed {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>")
			return true
		}
		if i.renewed {
			s.write("token", "token-2")
		}
		assumed, err := sts.NewFromConfig(s.config(s.admin)).AssumeRole(s.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("ci")})
		if err != nil {
			s.Error(err)
			return true
		}
		_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>
<AssumedRoleUser><Arn>%s</Arn><AssumedRoleId>%s</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, *assumed.AssumedRoleUser.Arn, *assumed.AssumedRoleUser.AssumedRoleId,
			*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken, time.Now().Add(lease).UTC().Format(time.RFC3339Nano))
		return true
	})(s)
}

// configure has the run find the token.
func (i *identity) configure(s *stage) {
	s.env = append(s.env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_ROLE_ARN="+roleARN,
		"AWS_WEB_IDENTITY_TOKEN_FILE="+filepath.Join(s.dir, "token"))
}

// judge says what is wrong with the tokens that STS was given.
func (i *identity) judge(*stage, []result) string {
	if n, stale := i.traded.Load(), i.stale.Load(); n != 2 || stale > 0 {
		return fmt.Sprintf("STS was given %d tokens, and %d of them were old", n, stale)
	}
	return ""
}

// identities are the rows of a web identity, as CIs have it (OIDC).
func identities() []*row {
	renewed, over := &identity{renewed: true}, &identity{}
	return []*row{
		{number: "16", fault: "the credentials of a web identity expire midway", note: "the new token is read", serve: renewed.serve, before: renewed.configure, layer: fresh, after: renewed.judge},
		{number: "16", fault: "the same, and its token has expired too", serve: over.serve, before: over.configure,
			code: 4, layer: old, names: []string{"web identity"}, says: "ExpiredTokenException", step: "get a new token", after: over.judge},
	}
}
