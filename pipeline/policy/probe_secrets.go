package policy

import "strings"

// lookAtSecrets is describing the secrets, also those that do not exist and need not, and
// another action on those that exist.
func (p *probes) lookAtSecrets(action string) {
	r := p.secrets()
	p.add(true, "", nil, concrete(r.secrets), describeSecret, action)
	p.add(true, "", nil, r.optional, describeSecret)
}

// openSecrets is what Secrets Manager does with the key of a secret, for the role. Each
// policy names each secret there.
func (p *probes) openSecrets() {
	r := p.secrets()
	if len(r.keys) == 0 {
		return
	}
	for _, secret := range concrete(r.secrets) {
		p.add(true, "of "+secretOf(secret)+", through Secrets Manager", p.viaSecret(secret), r.keys, "kms:Decrypt")
	}
}

// openOtherSecrets is reading what the manifest does not name, also a name that goes on
// where one of the manifest's ends, which NAME-* would allow, and decrypting without
// Secrets Manager.
func (p *probes) openOtherSecrets() {
	r := p.secrets()
	if len(r.secrets) == 0 {
		return
	}
	another := p.secretARN(stranger + "/another-aaaaaa")
	p.add(false, "", nil, List{another}, getSecret)
	for _, pattern := range r.secrets {
		if !strings.Contains(pattern, "/") { // no policy names its folder
			p.add(false, "", nil, List{strings.TrimSuffix(pattern, unknownSuffix) + "-" + stranger + "-aaaaaa"}, getSecret)
			break
		}
	}
	p.add(false, "", nil, List{"*"}, getSecretBatches)
	own := concrete(r.secrets)[0]
	p.add(false, "of "+secretOf(own)+", not through Secrets Manager", ofSecretARN(own), r.keys, "kms:Decrypt")
	p.absent("of "+secretOf(another)+", through Secrets Manager", p.viaSecret(another), r.keys, "kms:Decrypt")
}

// viaSecret returns the condition keys of a request that Secrets Manager makes for a secret.
func (s Setting) viaSecret(secret string) map[string][]string {
	keys := ofSecretARN(secret)
	keys[viaService] = s.viaSecretsManager()[:1]
	return keys
}

func ofSecretARN(secret string) map[string][]string {
	return map[string][]string{ofSecret: {secret}, contextKeys: {"SecretARN", "SecretVersionId"}}
}

// secretOf returns the name of a secret, with its suffix.
func secretOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }
