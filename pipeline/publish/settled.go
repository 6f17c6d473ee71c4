package publish

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// unsettled are the members of a configuration that a rollout does not compare: those that tell a version from $LATEST, those that AWS
// changes by itself, the description, which a version can have of its own, and those that are compared by themselves. All others
// count, also those that AWS adds:
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
var unsettled = []string{
	"FunctionArn", "Version", "MasterArn", "RevisionId", "LastModified", "Description", "ConfigSha256",
	"State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig",
	"Layers", "CodeSha256", "CodeSize", "SigningJobArn", "SigningProfileVersionArn",
}

// settle adds the digests of the configurations in a reply about one function.
func (r *reply) settle(content, key []byte) {
	if r.FunctionArn != nil {
		r.ConfigSha256 = settled(content, key)
	}
	if len(r.Versions) == 0 {
		return
	}
	var raw struct{ Versions []json.RawMessage }
	if json.Unmarshal(content, &raw) != nil {
		return // and so there is nothing to compare
	}
	for i, one := range raw.Versions {
		r.Versions[i].ConfigSha256 = settled(one, key)
		clear(one)
	}
}

// settled returns a digest of a configuration without its layers, its code and what is unsettled. It has the environment variables,
// and so has a key that only this process knows: from the digest, nobody can guess them.
func settled(content, key []byte) json.RawMessage {
	var all map[string]any
	if json.Unmarshal(content, &all) != nil {
		return nil
	}
	for _, name := range unsettled {
		delete(all, name)
	}
	if snap, ok := all["SnapStart"].(map[string]any); ok {
		delete(snap, "OptimizationStatus")
	}
	text, err := json.Marshal(ordered(all)) // members are in order of their names
	if err != nil {
		return nil
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text) // never fails
	clear(text)
	return json.RawMessage(`"` + hex.EncodeToString(mac.Sum(nil)) + `"`)
}

// ordered sorts the lists of texts, such as subnets, whose order AWS does not promise.
func ordered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = ordered(member)
		}
	case []any:
		for i := range v {
			v[i] = ordered(v[i])
		}
		slices.SortStableFunc(v, func(a, b any) int {
			x, _ := a.(string)
			y, _ := b.(string)
			return slices.Compare([]byte(x), []byte(y))
		})
	}
	return v
}
