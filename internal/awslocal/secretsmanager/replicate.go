package secretsmanager

import (
	"cmp"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

const regionText = `^([a-z]+-)+\d+$`

var regionPattern = lazyregexp.New(regionText)

// replica is a copy of a secret in another region: a secret of its own there, which only its primary changes
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html).
type replica struct {
	Region  string `json:"region"`
	KeyID   string `json:"key_id,omitempty"` // "" for aws/secretsmanager
	Failure string `json:"failure,omitempty"`
}

type replicaRegion struct{ Region, KmsKeyId *string }

// replicaReply is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicationStatusType.html.
type replicaReply struct {
	KmsKeyId         string
	LastAccessedDate epoch `json:",omitzero"`
	Region           string
	Status           string
	StatusMessage    string `json:",omitempty"`
}

// regions checks the regions that a request adds.
func (c *check) regions(regions []replicaRegion) {
	if len(regions) == 0 {
		c.refuse("", "addReplicaRegions", "have length greater than or equal to 1")
	}
	for _, r := range regions {
		c.required("addReplicaRegions.region", r.Region, 128)
		c.pattern("addReplicaRegions.region", r.Region, regionPattern, regionText)
		c.length("addReplicaRegions.kmsKeyId", r.KmsKeyId, 0, maxID)
	}
}

// replication is what replies say of a secret's replicas. The lock must be held.
func (s *Service) replication(x *secret) (all []replicaReply) {
	for _, r := range x.Replicas {
		reply := replicaReply{KmsKeyId: r.KeyID, Region: r.Region, Status: "InSync", StatusMessage: cmp.Or(r.Failure, "Replication succeeded")}
		if r.KeyID == "" {
			reply.KmsKeyId = defaultKey
		}
		if r.Failure != "" {
			reply.Status = "Failed"
		}
		if y := s.replicaOf(x, r.Region); y != nil {
			reply.LastAccessedDate = epoch(y.Accessed)
		}
		all = append(all, reply)
	}
	return all
}

// replicaOf returns the replica of a secret in a region, or nil.
func (s *Service) replicaOf(x *secret, region string) *secret {
	if y := s.secrets[place(x.Account, region)][x.Name]; y != nil && y.Primary == x.Region {
		return y
	}
	return nil
}

// primaryRegion is the region of the primary of a replicated secret, which the primary shows too; "" if the secret has no replicas
// (https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/describe-secret.html#examples).
func (x *secret) primaryRegion() string {
	if x.Primary == "" && len(x.Replicas) > 0 {
		return x.Region
	}
	return x.Primary
}

// writable refuses a change to a replica.
func (x *secret) writable() error {
	if x.Primary != "" {
		return invalidParameter("Operation not permitted on a replica secret. Call must be made in primary secret's region.")
	}
	return nil
}

type replicateInput struct {
	SecretId                    *string
	AddReplicaRegions           []replicaRegion
	ForceOverwriteReplicaSecret bool
}

type replicateOutput struct {
	ARN               string
	ReplicationStatus []replicaReply `json:",omitempty"`
}

// replicateSecretToRegions is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicateSecretToRegions.html.
func (s *Service) replicateSecretToRegions(req *call.Request, in *replicateInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.regions(in.AddReplicaRegions)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId, addedRegions(in.AddReplicaRegions))
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	if err := s.addReplicas(req, x, in.AddReplicaRegions, in.ForceOverwriteReplicaSecret); err != nil {
		return nil, err
	}
	s.changed(req, x)
	return replicateOutput{x.ARN, s.replication(x)}, nil
}

func addedRegions(regions []replicaRegion) conditionKeys {
	return func(keys map[string][]string) {
		for _, r := range regions {
			keys["secretsmanager:AddReplicaRegions"] = append(keys["secretsmanager:AddReplicaRegions"], text(r.Region))
		}
	}
}

// addReplicas makes replicas. A region that has another secret of the name fails, unless it may be overwritten.
func (s *Service) addReplicas(req *call.Request, x *secret, regions []replicaRegion, overwrite bool) error {
	for _, r := range regions {
		if *r.Region == x.Region {
			return invalidParameter("Invalid replica region.")
		}
		if slices.ContainsFunc(x.Replicas, func(other replica) bool { return other.Region == *r.Region }) {
			return invalidParameter("The secret is already replicated to the region %s.", *r.Region)
		}
	}
	for _, r := range regions {
		there := *req
		there.Region = *r.Region
		added := replica{Region: *r.Region, KeyID: keyID(&there, r.KmsKeyId)}
		if y := s.secrets[place(x.Account, *r.Region)][x.Name]; y != nil && !y.gone(req.Now) && !overwrite {
			added.Failure = "Replication failed: Secret name " + x.Name + " already exists in region " + *r.Region + "."
		} else {
			s.put(&secret{Name: x.Name, ARN: strings.Replace(x.ARN, ":"+x.Region+":", ":"+*r.Region+":", 1), Account: x.Account, Region: *r.Region,
				Primary: x.Region, KeyID: added.KeyID, Created: instant(req)})
		}
		x.Replicas = append(x.Replicas, added)
	}
	return nil
}

// put keeps a secret. The lock must be held.
func (s *Service) put(x *secret) {
	at := place(x.Account, x.Region)
	if s.secrets[at] == nil {
		s.secrets[at] = store{}
	}
	s.secrets[at][x.Name] = x
}

// changed notes that something about a secret has changed, and brings its replicas up to date.
func (s *Service) changed(req *call.Request, x *secret) {
	x.Changed = instant(req)
	s.remember(req, x)
	for i := range x.Replicas {
		r := &x.Replicas[i]
		y := s.replicaOf(x, r.Region)
		if y == nil {
			continue
		}
		there := *req
		there.Region = r.Region
		if r.Failure = ""; s.copyTo(req, x, &there, y) != nil {
			r.Failure = "Replication failed: Access to KMS is not allowed."
		}
		s.remember(&there, y)
	}
}

// copyTo makes a replica what its primary is, under its own key. there is the request in the replica's region.
func (s *Service) copyTo(here *call.Request, x *secret, there *call.Request, y *secret) error {
	y.Description, y.Type, y.Tags, y.Policy, y.policy, y.Rotation = x.Description, x.Type, x.Tags, x.Policy, x.policy, x.Rotation
	y.OwningService, y.Changed = x.OwningService, x.Changed
	versions := make([]*version, len(x.Versions))
	for i, v := range x.Versions {
		copied := *v
		copied.KeyID, copied.Value, copied.Sample = y.KeyID, nil, 0
		if old := y.version(v.ID); old != nil {
			copied.KeyID, copied.Value, copied.Accessed = old.KeyID, old.Value, old.Accessed
		}
		if v.Value != nil && copied.Value == nil {
			plaintext, err := s.open(here, x.ARN, v)
			if err != nil {
				return err
			}
			if copied.Value, err = s.seal(there, y.ARN, v.ID, y.KeyID, plaintext); err != nil {
				return err
			}
		}
		versions[i] = &copied
	}
	y.Versions = versions
	return nil
}

type removeInput struct {
	SecretId             *string
	RemoveReplicaRegions []string
}

// removeRegionsFromReplication is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RemoveRegionsFromReplication.html.
func (s *Service) removeRegionsFromReplication(req *call.Request, in *removeInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	if len(in.RemoveReplicaRegions) == 0 {
		c.refuse("", "removeReplicaRegions", "have length greater than or equal to 1")
	}
	for i := range in.RemoveReplicaRegions {
		c.pattern("removeReplicaRegions", &in.RemoveReplicaRegions[i], regionPattern, regionText)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	for _, region := range in.RemoveReplicaRegions {
		i := slices.IndexFunc(x.Replicas, func(r replica) bool { return r.Region == region })
		if i < 0 {
			return nil, invalidParameter("The secret has no replica in the region %s.", region)
		}
		x.Replicas = slices.Delete(slices.Clone(x.Replicas), i, i+1)
		if y := s.replicaOf(x, region); y != nil {
			s.drop(req, y)
		}
	}
	s.changed(req, x)
	return replicateOutput{x.ARN, s.replication(x)}, nil
}

// stopReplicationToReplica is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_StopReplicationToReplica.html.
func (s *Service) stopReplicationToReplica(req *call.Request, in *idInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	y, err := s.usable(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	if y.Primary == "" {
		return nil, invalidParameter("The secret is not a replica.")
	}
	s.unlink(y)
	y.Primary = ""
	s.changed(req, y)
	return replicateOutput{ARN: y.ARN}, nil
}

// unlink takes a replica from the list of its primary.
func (s *Service) unlink(y *secret) {
	if x := s.secrets[place(y.Account, y.Primary)][y.Name]; y.Primary != "" && x != nil {
		x.Replicas = slices.DeleteFunc(slices.Clone(x.Replicas), func(r replica) bool { return r.Region == y.Region })
	}
}

// drop removes a secret for good. The lock must be held.
func (s *Service) drop(req *call.Request, x *secret) {
	delete(s.secrets[place(x.Account, x.Region)], x.Name)
	s.forget(req, x)
}

// replicated refuses to delete a secret that has replicas.
func (x *secret) replicated() error {
	if len(x.Replicas) == 0 {
		return nil
	}
	var regions []string
	for _, r := range x.Replicas {
		regions = append(regions, r.Region)
	}
	return invalidParameter("You can't delete secret %s that still has replica regions %s", x.Name, quoted(regions))
}
