package awsenv

import (
	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// Rights says which of a role's rights a command uses.
type Rights int

// The rights, from few to all.
const (
	LookingRights    Rights = iota // nothing that reads a value or changes something
	BuildingRights                 // what a build of the manifest needs
	PublishingRights               // what publishing its layer needs
	PuttingRights                  // what putting its parameters needs
	RollingRights                  // what changing its functions needs
	PruningRights                  // what deleting versions of its layer needs
	AllRights                      // for the doctor, which checks what the role may do
	OwnLookingRights               // those of the credentials: the environment's role is not assumed, and nothing is changed
	OwnRights                      // those of the credentials
)

// roleOf returns the role of an environment, with a session policy that allows no
// more than the command needs. A session that only looks never has more rights. One
// that builds, publishes or puts has all rights of the role if the policy is too large.
func roleOf(con *console.Console, m *manifest.Manifest, o Options) awsclient.RoleToAssume {
	env := m.Environment
	role := awsclient.RoleToAssume{
		ARN: env.Role.Value, SessionName: env.Session.Name.Value,
		ExternalID: env.Session.ExternalID.Value, SourceIdentity: env.Session.SourceIdentity.Value,
	}
	if role.ARN == "" || o.Rights == OwnLookingRights || o.Rights == OwnRights {
		return awsclient.RoleToAssume{}
	}
	for _, tag := range env.Session.Tags {
		if role.Tags == nil {
			role.Tags = make(map[string]string)
		}
		role.Tags[tag.Key] = tag.Value.Value
	}
	setting := policy.Setting{Manifest: m, Region: env.Region(), Account: env.AccountID.Value, BuildRole: role.ARN}
	var narrow policy.Document
	fits := true
	switch o.Rights {
	case AllRights:
		return role
	case LookingRights:
		role.Policy = policy.Looking().Text()
		return role
	case BuildingRights:
		narrow, fits = setting.BuildSession(o.accounts)
	case PublishingRights:
		narrow, fits = setting.PublishSession()
	case PuttingRights:
		narrow, fits = setting.PutSession()
	case RollingRights:
		narrow, fits = setting.RolloutSession()
	case PruningRights:
		narrow, fits = setting.PruneSession()
	}
	without := func(why string) {
		con.Hint("role %s is assumed with its full permissions: %s", role.ARN, why)
	}
	if !fits {
		without("a session policy for this manifest would exceed the size that AWS accepts")
		return role
	}
	role.Policy = narrow.Text()
	role.WithoutPolicy = func() { without("AWS finds the session policy too large, together with the session's tags") }
	return role
}
