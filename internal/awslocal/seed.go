package awslocal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/kms"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// seedFile is a seed: sample keys, parameters and roles. Unknown members are refused.
type seedFile struct {
	Region     string          `json:"region"`
	Keys       []seedKey       `json:"keys"`
	Parameters []seedParameter `json:"parameters"`
	Roles      []sts.Role      `json:"roles"`
}

type seedKey struct {
	ID          string          `json:"id"`       // fixed, for test vectors; "" for a random one
	Material    []byte          `json:"material"` // required with a fixed ID
	Alias       string          `json:"alias"`    // optional if the ID is fixed
	Description string          `json:"description"`
	Spec        string          `json:"spec"`
	Usage       string          `json:"usage"`
	MultiRegion bool            `json:"multi_region"`
	Enabled     *bool           `json:"enabled"`
	Policy      json.RawMessage `json:"policy"`
}

type seedParameter struct {
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	KeyID  string         `json:"key_id"`
	Tier   string         `json:"tier"`
	Value  string         `json:"value"`
	Values []string       `json:"values"` // several versions, oldest first
	Labels map[string]int `json:"labels"` // the version that a label is on
}

// parseSeed reads a seed. Its errors never quote the file, because it holds values.
func parseSeed(b []byte) (seedFile, error) {
	var in seedFile
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // some Windows editors begin a file with it
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return in, fmt.Errorf("not valid JSON at byte %d", syntax.Offset)
	case errors.As(err, &wrong):
		return in, fmt.Errorf("a member has the wrong type in line %d", bytes.Count(b[:min(int(wrong.Offset), len(b))], []byte("\n"))+1)
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		return in, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	case err != nil:
		return in, errors.New("not a whole JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return in, errors.New("more than one JSON object")
	}
	in.Region = cmp.Or(in.Region, Region)
	return in, nil
}

// seed puts the seed into an empty state, and saves the result.
func (s *Server) seed() error {
	in, err := parseSeed(s.options.seed)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	for _, k := range in.Keys {
		if err := s.seedKey(in.Region, k); err != nil {
			return fmt.Errorf("seed: key %q: %w", cmp.Or(k.Alias, k.ID), err)
		}
	}
	for _, p := range in.Parameters {
		if err := s.seedParameter(in.Region, p); err != nil {
			return fmt.Errorf("seed: parameter %q: %w", p.Name, err)
		}
	}
	for _, r := range in.Roles {
		r.Account = cmp.Or(r.Account, Account)
		if slices.ContainsFunc(s.sts.Roles(), func(other sts.Role) bool { return other.ARN() == r.ARN() }) {
			return fmt.Errorf("seed: role %q: declared twice", r.Name)
		}
		if err := s.sts.PutRole(r); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	return s.persist()
}

func (s *Server) seedKey(region string, k seedKey) error {
	create := map[string]any{"Description": k.Description, "KeySpec": k.Spec, "KeyUsage": k.Usage, "MultiRegion": k.MultiRegion}
	if len(k.Policy) > 0 {
		create["Policy"] = string(k.Policy)
	}
	var created struct{ KeyMetadata struct{ KeyId, Arn string } }
	if err := s.invoke(region, "kms", "CreateKey", create, &created); err != nil {
		return err
	}
	id := created.KeyMetadata.KeyId
	if k.ID != "" {
		keys, ok := s.services["kms"].(*kms.Service)
		if !ok {
			return errors.New("there is no KMS that can set an ID")
		}
		if err := keys.Fix(created.KeyMetadata.Arn, k.ID, k.Material); err != nil {
			return err
		}
		id = k.ID
	}
	if k.Alias != "" || k.ID == "" {
		if err := s.invoke(region, "kms", "CreateAlias", map[string]string{"AliasName": k.Alias, "TargetKeyId": id}, nil); err != nil {
			return err
		}
	}
	if k.Enabled != nil && !*k.Enabled {
		return s.invoke(region, "kms", "DisableKey", map[string]string{"KeyId": id}, nil)
	}
	return nil
}

func (s *Server) seedParameter(region string, p seedParameter) error {
	values := p.Values
	if len(values) == 0 {
		values = []string{p.Value}
	} else if p.Value != "" {
		return errors.New("it has both value and values")
	}
	for i, value := range values {
		put := map[string]any{"Name": p.Name, "Type": p.Type, "KeyId": p.KeyID, "Tier": p.Tier, "Value": value, "Overwrite": i > 0}
		if err := s.invoke(region, "ssm", "PutParameter", put, nil); err != nil {
			return err
		}
	}
	for label, number := range p.Labels {
		put := map[string]any{"Name": p.Name, "ParameterVersion": number, "Labels": []string{label}}
		var out struct{ InvalidLabels []string }
		if err := s.invoke(region, "ssm", "LabelParameterVersion", put, &out); err != nil {
			return err
		}
		if len(out.InvalidLabels) > 0 {
			return fmt.Errorf("label %q is not valid", label)
		}
	}
	return nil
}
