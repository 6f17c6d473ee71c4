package awsenv

import (
	"cmp"
	"context"
	"slices"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/manifest"
)

// hintSecrets names the secrets of Secrets Manager that the manifest uses and the embedded AWS does not have, whether
// they were deleted or never in the sample file. Without an answer, it says nothing: what reads the secrets says more.
func (e *Embedded) hintSecrets(ctx context.Context, con *console.Console, client *awslocal.Client, m *manifest.Manifest, sample []byte) {
	used := secretsOf(m)
	if len(used) == 0 {
		return
	}
	client.SetRegion(cmp.Or(m.Environment.Region(), awslocal.Region))
	has := map[string]bool{}
	for in := map[string]any{}; ; {
		var out struct {
			SecretList []struct{ Name string }
			NextToken  string
		}
		if client.Call(ctx, "secretsmanager", "ListSecrets", in, &out) != nil {
			return
		}
		for _, s := range out.SecretList {
			has[s.Name] = true
		}
		if in["NextToken"] = out.NextToken; out.NextToken == "" {
			break
		}
	}
	said, inSample := 0, awslocal.SampleSecrets(sample)
	for _, name := range used {
		if has[name] {
			continue
		}
		if said++; said > mostHints {
			continue
		}
		if slices.Contains(inSample, name) {
			con.Hint("%s is in the sample file, but was deleted. To put it again: bundle local put --secretsmanager --from-sample%s %[1]s", name, e.Flags())
			continue
		}
		con.Hint(`the embedded AWS has no secret %s. To add it, write {"name": %[1]q, "values": ["VALUE"]} in "secrets" of the sample file, or: bundle local put --secretsmanager%s %[1]s`,
			name, e.Flags())
	}
	if more := said - mostHints; more > 0 {
		con.Hint("%d more secrets are missing", more)
	}
}

// secretsOf returns the names of the secrets of Secrets Manager that a manifest needs, each once.
func secretsOf(m *manifest.Manifest) (names []string) {
	known := map[string]bool{"": true}
	for _, fn := range m.Functions {
		for _, s := range fn.Secrets {
			if name := s.SecretsManager.Value; !known[name] && !s.Optional {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
