package manifest

import "github.com/hashicorp/hcl/v2"

// Text is a text with the place it was written at. Where an attribute was left out, or could not be
// evaluated (which Evaluate has then reported), Value is empty.
type Text struct {
	Value string
	Range hcl.Range
}

// Bool is true or false, with the place it was written at: of the block's header where nothing says it.
type Bool struct {
	Value bool
	Range hcl.Range
}

// Number is a whole number, with the place it was written at; 0 where an attribute was left out.
type Number struct {
	Value int
	Range hcl.Range
}

// Manifest is what a manifest says for one environment.
type Manifest struct {
	Bundle      Bundle
	Environment Environment
	Functions   []Function // in source order, those of this environment only
}

// Bundle is the bundle block.
type Bundle struct {
	Name Text
	// Layer is the name to publish the layer under, "" if none is given, or if it depends on the function:
	// Function.Layer has it then.
	Layer   Text
	Helpers []Text // empty: ciphertext only
	Range   hcl.Range
}

// Environment is the environment block that was chosen.
type Environment struct {
	Name Text
	// Embedded is the seed file of the embedded AWS, relative to Module.Dir; "" for an environment in a real account.
	Embedded  Text
	AccountID Text // 12 digits; "" if embedded
	Role      Text // the ARN of a role of AccountID; "" if none is to be assumed
	Session   Session
	// ParameterKeys are the keys that parameters of blind functions are stored under: aliases, key ids or ARNs. None: any.
	ParameterKeys []Text
	// Regions are one or more, us-east-1 where an embedded environment names none; none after an error. See Region.
	Regions []Text
	Range   hcl.Range
}

// Function is a function block with its defaults and groups resolved.
type Function struct {
	Name       Text
	DeployedAs Text // "" if not given: see File
	Key        Text // an alias, a key id or an ARN
	SharedKey  bool
	Blind      Bool
	Layer      Text // bundle.layer as this function sees it
	Secrets    []Secret
	Imports    []Import
	Range      hcl.Range // of the block's header
}

// File is the name of the function's sealed document: DeployedAs, or the function's name where that is not known.
func (f Function) File() string {
	if f.DeployedAs.Value != "" {
		return f.DeployedAs.Value
	}
	return f.Name.Value
}

// Secret is a secret block, of the function itself or of a group that it includes. One whose parameter could
// not be evaluated is left out of its function.
type Secret struct {
	Name      Text
	Parameter Text   // as written: name, name:version or name:label
	Field     Text   // "" for the whole value
	Encoding  Text   // "text" where it is not given
	Matches   Text   // a regular expression that the value has to match; "" for none
	MinLength Number // bytes that the value has at least
	Optional  bool
	// AllowReserved permits names that AWS SDKs and loaders read. Evaluate has checked it against Lookup.
	AllowReserved bool
	Range         hcl.Range // of the block's header
}

// Import is a parameters block: every parameter below a path becomes a secret.
type Import struct {
	Path      Text // begins with a slash, has at least two levels, ends with a slash only if it was written so
	Recursive bool
	Prefix    Text
	Range     hcl.Range // of the block's header
}
