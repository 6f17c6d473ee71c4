package manifest

// kind is the type of an attribute. Nothing is converted: 012345678901 without quotes would lose its zero.
type kind string

const (
	textKind   kind = "string"
	boolKind   kind = "bool"
	numberKind kind = "number"
	listKind   kind = "list(string)"
	pathKind   kind = "string or list(string)"
	objectKind kind = "object"
	anyKind    kind = "any value"
)

type attrSpec struct {
	name     string
	kind     kind
	required bool
}

type blockSpec struct {
	name   string
	label  string // a placeholder for the label; "" for a block without one
	once   bool
	attrs  []attrSpec
	blocks []*blockSpec
	open   bool // attributes of any name
	file   bool // not a block: the whole file

	// either are attributes of which at least one is required.
	either []string

	// later are required attributes that blocks of an earlier version lack. The caller reports what to add.
	later []string
}

// rootSpec is the whole schema. docs/manifest.md is tested against it.
func rootSpec() *blockSpec {
	secret := &blockSpec{name: "secret", label: "NAME", either: []string{"parameter", "secretsmanager"}, attrs: []attrSpec{
		{"parameter", textKind, false},
		{"secretsmanager", textKind, false},
		{"version_stage", textKind, false},
		{"version_id", textKind, false},
		{"field", pathKind, false},
		{"encoding", textKind, false},
		{"matches", textKind, false},
		{"min_length", numberKind, false},
		{"optional", boolKind, false},
		{"allow_reserved", boolKind, false},
		{"environments", listKind, false},
	}}
	parameters := &blockSpec{name: "parameters", attrs: []attrSpec{
		{"path", textKind, true},
		{"recursive", boolKind, false},
		{"prefix", textKind, false},
		{"environments", listKind, false},
	}}
	function := []attrSpec{
		{"kms_key", textKind, false},
		{"shared_key", boolKind, false},
		{"include", listKind, false},
		{"deployed_as", textKind, false},
		{"environments", listKind, false},
		{"blind", boolKind, false},
	}
	sources := []*blockSpec{secret, parameters}
	return &blockSpec{file: true, blocks: []*blockSpec{
		{name: "bundle", once: true, attrs: []attrSpec{
			{"name", textKind, true},
			{"layer", textKind, false},
			{"layer_parameter", textKind, false},
			{"default_environment", textKind, false},
			{"helpers", listKind, false},
			{"blind", boolKind, false},
		}},
		{name: "variable", label: "NAME", attrs: []attrSpec{
			{"default", textKind, false},
			{"description", textKind, false},
		}},
		{name: "environment", label: "NAME", attrs: []attrSpec{
			{"account_id", textKind, false},
			{"regions", listKind, false},
			{"role", textKind, false},
			{"session_name", textKind, false},
			{"external_id", textKind, false},
			{"source_identity", textKind, false},
			{"tags", objectKind, false},
			{"embedded", textKind, false},
			{"values", objectKind, false},
			{"blind", boolKind, false},
			{"parameter_keys", listKind, false},
		}},
		{name: "locals", open: true},
		{name: "defaults", once: true, attrs: function},
		{name: "group", label: "NAME", blocks: sources},
		{name: "function", label: "NAME", attrs: function, blocks: sources},
	}}
}

func (s *blockSpec) attr(name string) (attrSpec, bool) {
	for _, a := range s.attrs {
		if a.name == name {
			return a, true
		}
	}
	return attrSpec{}, false
}

func (s *blockSpec) block(name string) (*blockSpec, bool) {
	for _, b := range s.blocks {
		if b.name == name {
			return b, true
		}
	}
	return &blockSpec{}, false
}

// refusedAttributes are attributes that people expect and that do not exist on purpose, with what to write instead.
func refusedAttributes() map[string]string {
	return map[string]string{
		"blind":              "A function is either blind as a whole or not at all. Write blind = true in the function, defaults, environment or bundle block.",
		"encryption_context": "The encryption context cannot be set. It is derived from the sealed document, and binds each ciphertext to its bundle, function, environment and position. Remove the attribute.",
		"value":              "A manifest cannot contain secret values. Put the value in Parameter Store or Secrets Manager, and write its name here: parameter = \"/path/of/the/parameter\", or secretsmanager = \"name/of/the/secret\".",
	}
}
