package manifest

// The largest size of a value in bytes: of a parameter, which the advanced tier allows, and of a secret of Secrets Manager.
//
//   - https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
//   - https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	maxParameterLength = 8192
	maxSecretLength    = 65536
)

// Source returns the attribute that says where the secret comes from.
func (s *Secret) Source() *Text {
	if s.SecretsManager.Value != "" {
		return &s.SecretsManager
	}
	return &s.Parameter
}

// maxLength is the largest size of the value in bytes, of any source if the source is not known.
func (s *Secret) maxLength(sourced bool) int {
	if sourced && s.SecretsManager.Value == "" {
		return maxParameterLength
	}
	return maxSecretLength
}

// source evaluates where a secret comes from, and reports whether that is known: one parameter, or one version of one secret
// of Secrets Manager.
func (e *evaluator) source(secret *Secret, b *block, s *scope) bool {
	var parameter, manager state
	secret.Parameter, parameter = e.text(b, "parameter", s)
	secret.SecretsManager, manager = e.text(b, "secretsmanager", s)
	versionStage, stage := e.text(b, "version_stage", s)
	versionID, id := e.text(b, "version_id", s)
	if manager == absent {
		return e.parameterSource(b, parameter, stage, id)
	}
	a := b.attrs.named("secretsmanager")
	switch {
	case parameter == found:
		e.wrong(a, "Two sources of one secret", "The secret has both parameter and secretsmanager, and can come from only one of them. Remove the other one, or set it to null.", a.NameRange)
		return false
	case stage == found && id == found:
		at := b.attrs.named("version_id")
		e.wrong(at, "Stage and ID of a version", "The secret has both version_stage and version_id, and each alone says which version is meant. "+
			"Keep version_stage to follow the stage, or version_id to stay with one version.", at.NameRange)
		return false
	case stage == absent && id == absent:
		versionStage = Text{"AWSCURRENT", b.header}
	}
	secret.Version = &SecretVersion{versionStage, versionID}
	return manager == found && parameter != failed && stage != failed && id != failed
}

// parameterSource checks the source of a secret without secretsmanager.
func (e *evaluator) parameterSource(b *block, parameter, stage, id state) bool {
	for _, version := range []struct {
		has    state
		name   string
		remedy string
	}{
		{stage, "version_stage", "Write a label of a parameter as parameter = \"NAME:LABEL\", and remove version_stage."},
		{id, "version_id", "Write a version of a parameter as parameter = \"NAME:VERSION\", and remove version_id."},
	} {
		if a := b.attrs.named(version.name); version.has == found && parameter == found {
			e.wrong(a, "Version of a secret for a parameter", version.name+" is for secrets of Secrets Manager, and this one has parameter. "+version.remedy, a.NameRange)
		}
	}
	if parameter == absent && (b.attrs.named("parameter") != nil || b.attrs.named("secretsmanager") != nil) {
		e.report(missingSource(b))
	}
	return parameter == found
}
