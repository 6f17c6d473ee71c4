package manifest

import "github.com/hashicorp/hcl/v2"

// Text is a string with the place where it was written. If an attribute is missing, or could not be evaluated (which
// Evaluate has then reported), Value is empty.
type Text struct {
	Value string
	Range hcl.Range
}

// Bool is a bool with the place where it was written, or that of the block's header if it was not.
type Bool struct {
	Value bool
	Range hcl.Range
}

// Number is a whole number with the place where it was written, or 0 if the attribute is missing.
type Number struct {
	Value int
	Range hcl.Range
}

// Field is the path into a JSON value that a secret uses: text with dots, or a list of keys. Without either, it is the
// whole value.
type Field struct {
	Path  string
	Keys  []string
	Range hcl.Range
}

// Whole reports whether the secret uses the whole value.
func (f Field) Whole() bool { return f.Path == "" && len(f.Keys) == 0 }

// Manifest is a manifest evaluated for one environment.
type Manifest struct {
	Bundle      Bundle
	Environment Environment
	Functions   []Function // in source order, those of this environment only
}

// Bundle is the bundle block.
type Bundle struct {
	Name Text
	// Layer is the name to publish the layer under. It is "" if none is given, or if it depends on the function: then see
	// Function.Layer.
	Layer Text
	// LayerParameter is the parameter that gets the ARN of the published version, as a name in secret.Ref. It is "" if none is
	// given, or if it depends on the function: then see Function.LayerParameter.
	LayerParameter Text
	Helpers        []Text // empty for ciphertext only
	Range          hcl.Range
}

// Environment is the chosen environment block.
type Environment struct {
	Name Text
	// Embedded is the sample file of the embedded AWS, relative to Module.Dir, or "" for an environment in a real account.
	Embedded  Text
	AccountID Text // 12 digits; "" if embedded
	Role      Text // the ARN of a role in AccountID; "" if none is assumed
	Session   Session
	// ParameterKeys are the keys that parameters of blind functions are stored under: aliases, key IDs or ARNs. None means any.
	ParameterKeys []Text
	// Regions has at least one region, except after an error. The default for an embedded environment is us-east-1. See Region.
	Regions []Text
	Range   hcl.Range
}

// Function is a function block with its defaults and groups resolved.
type Function struct {
	Name       Text
	DeployedAs Text // "" if not given; see File
	Key        Text // an alias, a key ID or an ARN
	SharedKey  bool
	Blind      Bool
	Layer      Text // bundle.layer evaluated for this function
	// LayerParameter is bundle.layer_parameter evaluated for this function.
	LayerParameter Text
	Secrets        []Secret
	Imports        []Import
	Range          hcl.Range // of the block's header
}

// File returns the name of the function's document: DeployedAs or, if that is not known, the function's name.
func (f Function) File() string {
	if f.DeployedAs.Value != "" {
		return f.DeployedAs.Value
	}
	return f.Name.Value
}

// Secret is a secret block of the function or of a group that it includes. If its parameter could not be evaluated, the
// secret is left out of its function.
type Secret struct {
	Name      Text
	Parameter Text // as written: name, name:version or name:label; "" for a secret of Secrets Manager
	// SecretsManager is the name of a secret of Secrets Manager, in place of Parameter; "" for a parameter.
	SecretsManager Text
	Version        *SecretVersion // of that secret; nil for a parameter
	Field          Field
	Encoding       Text   // "text" if not given
	Matches        Text   // a regular expression that the value must match; "" for none
	MinLength      Number // the smallest length of the value in bytes
	Optional       bool
	// AllowReserved allows names that AWS SDKs and loaders read. Evaluate has checked it against Lookup.
	AllowReserved bool
	Range         hcl.Range // of the block's header
}

// SecretVersion says which version of a secret of Secrets Manager is meant, by its stage or by its ID.
type SecretVersion struct {
	Stage Text // "AWSCURRENT" if neither is given; "" with an ID
	ID    Text // "" with a stage
}

// Import is a parameters block: every parameter below a path becomes a secret.
type Import struct {
	Path      Text // with a leading slash and at least two levels; with a trailing slash only if written that way
	Recursive bool
	Prefix    Text
	Range     hcl.Range // of the block's header
}
