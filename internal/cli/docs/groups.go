package docs

import (
	"slices"
	"strings"
)

// groups are the titles of the flag groups in help, and their flags. A flag with a command before it is in the group for
// that command only, or for the commands below it.
var groups = []struct{ title, flags string }{
	{"Target", "env all region function account-id name"},
	{"Source", "from from-serverless from-sam from-dotenv from-path"},
	{"Manifest", "manifest var guard bundle_init--out bundle_init--guard check"},
	{"Events", "since events athena"},
	{"Layer", "layer deployed functions-only out previous previous-sha256 sha256 ssm helpers helpers-of unpack reseal allow-rollback keep older-than shared bundle_prune--yes alias canary wave max-failures back bundle_rollout--drift bundle_rollout--dry-run bundle_rollout--yes blind open decrypt offline override pristine inherit keep-credentials"},
	{"Policy", "kind style prefixes split build-role plan-role put-role function-role break-glass documents parameter-key secret-key other-layer"},
	{"Rotation", "bundle_rotate--rollout again show"},
	{"Revocation", "keep add lift drop-unknown allow-in-use apply allow-ci drift as"},
	{"Parameters, keys and roles", "type key tier data-type path policy account reveal bundle_local_put--from bundle_put--from from-version from-sample secretsmanager keep-newline strip-newline ignore-unknown dry-run yes"},
	{"AWS", "allow-key-account ssm-tps timeout endpoint-url trusted"},
	{"Embedded AWS", "data listen bundle_local--region"},
	{"Output", "max format json markdown html report exit-code debug help"},
}

// groupOf returns the title of the group of a command's flag, "" for none.
func groupOf(path, flag string) string {
	path = strings.ReplaceAll(path, " ", "_")
	parent := path[:max(strings.LastIndexByte(path, '_'), 0)]
	for _, name := range []string{path + "--" + flag, parent + "--" + flag, flag} {
		for _, g := range groups {
			if slices.Contains(strings.Fields(g.flags), name) {
				return g.title
			}
		}
	}
	return ""
}
