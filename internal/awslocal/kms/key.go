package kms

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Key states (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html).
const (
	stateEnabled                = "Enabled"
	stateDisabled               = "Disabled"
	statePendingDeletion        = "PendingDeletion"
	statePendingReplicaDeletion = "PendingReplicaDeletion"
	statePendingImport          = "PendingImport"
)

const (
	usageEncrypt  = "ENCRYPT_DECRYPT"
	specSymmetric = "SYMMETRIC_DEFAULT" // also the name of the symmetric algorithm
)

// key is one KMS key in one region. Replicas of a multi-Region key are separate keys with the same ID and material.
type key struct {
	ID            string    `json:"id"`
	Account       string    `json:"account"`
	Region        string    `json:"region"`
	Description   string    `json:"description"`
	Spec          string    `json:"spec"`
	Usage         string    `json:"usage"`
	Origin        string    `json:"origin"`
	Managed       bool      `json:"managed,omitempty"`        // AWS managed: its policy cannot be edited
	PrimaryRegion string    `json:"primary_region,omitempty"` // "" unless it is a multi-Region key
	State         string    `json:"state"`
	Created       time.Time `json:"created"`
	Deletion      time.Time `json:"deletion,omitzero"`
	Window        int       `json:"window,omitempty"` // days, in the state PendingReplicaDeletion
	Tags          []tag     `json:"tags,omitempty"`
	Document      string    `json:"policy"`               // the key policy named default, byte for byte
	RAM           string    `json:"ram_policy,omitempty"` // the one named AWS_RAM; "" if there is none
	Grants        []*grant  `json:"grants,omitempty"`
	Rotation      rotation  `json:"rotation,omitzero"`
	Material      []byte    `json:"material,omitempty"` // 32 bytes, an RSA key in PKCS #8, or none if the key cannot be used here

	ram      iam.Policy // RAM, parsed
	both     iam.Policy // Document and RAM, parsed
	before   iam.Policy // what decides until then
	until    time.Time
	aliases  []string // names, sorted; set by Service.point
	material string   // names Material: see setMaterial
}

type tag struct {
	TagKey   string  `json:"TagKey"`
	TagValue *string `json:"TagValue"` // never nil in a key
}

func keyARN(region, account, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

func (k *key) arn() string { return keyARN(k.Region, k.Account, k.ID) }

func (k *key) multiRegion() bool { return k.PrimaryRegion != "" }

// gone reports whether the waiting time before the key's deletion is over.
func (k *key) gone(now time.Time) bool {
	return k.State == statePendingDeletion && !now.Before(k.Deletion)
}

// waiting reports whether the key is pending deletion, perhaps after its replicas.
func (k *key) waiting() bool {
	return k.State == statePendingDeletion || k.State == statePendingReplicaDeletion
}

// setMaterial sets the key's material and the material's ID, which AWS reports for symmetric encryption keys.
func (k *key) setMaterial(material []byte) {
	k.Material, k.material = material, ""
	if k.Spec == specSymmetric && material != nil {
		k.material = materialID(material)
	}
}

func materialID(material []byte) string {
	sum := sha256.Sum256(append([]byte("material id\x00"), material...))
	return hex.EncodeToString(sum[:])
}

// setPolicy makes an accepted document the key policy named default.
func (k *key) setPolicy(p iam.Policy) {
	k.both, k.Document = p.With(k.ram), string(p.Document())
}

// policy is the key policy that has effect.
func (k *key) policy(now time.Time) iam.Policy {
	if now.Before(k.until) {
		return k.before
	}
	return k.both
}

// restored checks a key from a snapshot, and rebuilds what a snapshot does not have.
func (k *key) restored() error {
	if k == nil || !isKeyID(k.ID) || k.Account == "" || k.Region == "" {
		return errors.New("a key without id or place")
	}
	if _, known := specOf(k.Spec); !known {
		return errors.New("a key without spec")
	}
	if k.Spec == specSymmetric && k.Material != nil && len(k.Material) != materialSize {
		return fmt.Errorf("key %q has material of the wrong size", k.ID)
	}
	if err := k.Rotation.restored(); err != nil {
		return fmt.Errorf("key %q: %w", k.ID, err)
	}
	policy, err := iam.ParseKey([]byte(k.Document))
	if err == nil && k.RAM != "" {
		k.ram, err = iam.ParseKey([]byte(k.RAM))
	}
	if err != nil {
		return fmt.Errorf("key %q: %w", k.ID, err)
	}
	if slices.ContainsFunc(k.Tags, func(t tag) bool { return t.TagValue == nil }) {
		return fmt.Errorf("key %q has a tag without a value", k.ID)
	}
	if slices.Contains(k.Grants, nil) {
		return fmt.Errorf("key %q has a grant that is none", k.ID)
	}
	k.both = policy.With(k.ram)
	k.setMaterial(k.Material)
	return nil
}

// usable refuses a cryptographic operation on a key whose state forbids it.
func (k *key) usable() error {
	switch k.State {
	case stateEnabled:
		return nil
	case stateDisabled:
		return disabled(k.arn())
	case statePendingImport:
		return invalidState(k.arn(), "pending import")
	case statePendingReplicaDeletion:
		return invalidState(k.arn(), "pending replica deletion")
	default:
		return invalidState(k.arn(), "pending deletion")
	}
}

// spec is what AWS allows for one key spec
// (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html).
type spec struct {
	usages     []string
	encryption []string
	signing    []string
	mac        []string
	agreement  []string
	capsules   []string
}

// specNames are the key specs that specOf knows, sorted.
func specNames() []string {
	return []string{
		"ECC_NIST_EDWARDS25519", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
		"ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_1024", "ML_KEM_512", "ML_KEM_768", "RSA_2048", "RSA_3072", "RSA_4096", specSymmetric,
	}
}

// specOf returns what AWS allows for a key spec, and false if there is no such spec.
func specOf(name string) (s spec, known bool) {
	signer := func(algorithms ...string) (spec, bool) {
		return spec{usages: []string{"SIGN_VERIFY"}, signing: algorithms}, true
	}
	switch name {
	case specSymmetric:
		return spec{usages: []string{usageEncrypt}, encryption: []string{specSymmetric}}, true
	case "RSA_2048", "RSA_3072", "RSA_4096":
		return spec{
			usages:     []string{usageEncrypt, "SIGN_VERIFY"},
			encryption: []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"},
			signing: []string{"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
				"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"},
		}, true
	case "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521":
		algorithm := map[string]string{"ECC_NIST_P256": "ECDSA_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_NIST_P521": "ECDSA_SHA_512"}[name]
		return spec{usages: []string{"SIGN_VERIFY", "KEY_AGREEMENT"}, signing: []string{algorithm}, agreement: []string{"ECDH"}}, true
	case "ECC_SECG_P256K1":
		return signer("ECDSA_SHA_256")
	case "ECC_NIST_EDWARDS25519":
		return signer("ED25519_SHA_512", "ED25519_PH_SHA_512")
	case "ML_DSA_44", "ML_DSA_65", "ML_DSA_87":
		return signer("ML_DSA_SHAKE_256")
	case "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024":
		return spec{usages: []string{"ENCAPSULATE_DECAPSULATE"}, capsules: []string{"ML_KEM"}}, true
	case "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512":
		algorithm := "HMAC_SHA_" + strings.TrimPrefix(name, "HMAC_")
		return spec{usages: []string{"GENERATE_VERIFY_MAC"}, mac: []string{algorithm}}, true
	}
	return spec{}, false
}

// newKeyID makes a random key ID: a UUID, or "mrk-" and 32 hex digits for a multi-Region key.
func newKeyID(multiRegion bool) string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	if multiRegion {
		return "mrk-" + hex.EncodeToString(b)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

const keyIDSize = 36

// isKeyID reports whether a string has the form of a key ID: "mrk-" and hex digits, or a UUID.
func isKeyID(s string) bool {
	if len(s) != keyIDSize {
		return false
	}
	digits, mrk := strings.CutPrefix(s, "mrk-")
	for i, c := range []byte(digits) {
		dash := !mrk && (i == 8 || i == 13 || i == 18 || i == 23)
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// multiRegionConfiguration is in KeyMetadata of multi-Region keys.
type multiRegionConfiguration struct {
	MultiRegionKeyType string
	PrimaryKey         regionKey
	ReplicaKeys        []regionKey
}

type regionKey struct{ Arn, Region string }

// keyMetadata is https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html.
type keyMetadata struct {
	AWSAccountId                string
	Arn                         string
	CreationDate                float64
	CurrentKeyMaterialId        string `json:",omitempty"`
	CustomerMasterKeySpec       string
	DeletionDate                float64 `json:",omitempty"`
	Description                 string
	EncapsulationAlgorithms     []string `json:",omitempty"`
	Enabled                     bool
	EncryptionAlgorithms        []string `json:",omitempty"`
	KeyAgreementAlgorithms      []string `json:",omitempty"`
	KeyId                       string
	KeyManager                  string
	KeySpec                     string
	KeyState                    string
	KeyUsage                    string
	MacAlgorithms               []string `json:",omitempty"`
	MultiRegion                 bool
	MultiRegionConfiguration    *multiRegionConfiguration `json:",omitempty"`
	Origin                      string
	PendingDeletionWindowInDays int      `json:",omitempty"`
	SigningAlgorithms           []string `json:",omitempty"`
}

// metadata describes a key. The caller holds a lock.
func (s *Service) metadata(k *key) keyMetadata {
	m := keyMetadata{
		AWSAccountId: k.Account, Arn: k.arn(), CreationDate: epoch(k.Created), CurrentKeyMaterialId: k.material,
		CustomerMasterKeySpec: k.Spec, Description: k.Description, Enabled: k.State == stateEnabled, KeyId: k.ID,
		KeyManager: "CUSTOMER", KeySpec: k.Spec, KeyState: k.State, KeyUsage: k.Usage, MultiRegion: k.multiRegion(), Origin: k.Origin,
	}
	if k.Managed {
		m.KeyManager = "AWS"
	}
	switch k.State {
	case statePendingDeletion:
		m.DeletionDate = epoch(k.Deletion)
	case statePendingReplicaDeletion:
		m.PendingDeletionWindowInDays = k.Window
	}
	allowed, _ := specOf(k.Spec)
	switch k.Usage {
	case usageEncrypt:
		m.EncryptionAlgorithms = allowed.encryption
	case "SIGN_VERIFY":
		m.SigningAlgorithms = allowed.signing
	case "GENERATE_VERIFY_MAC":
		m.MacAlgorithms = allowed.mac
	case "KEY_AGREEMENT":
		m.KeyAgreementAlgorithms = allowed.agreement
	case "ENCAPSULATE_DECAPSULATE":
		m.EncapsulationAlgorithms = allowed.capsules
	}
	if k.multiRegion() {
		m.MultiRegionConfiguration = s.regions(k)
	}
	return m
}

// regions describes a multi-Region key, its primary key and its replicas. The caller holds a lock.
func (s *Service) regions(k *key) *multiRegionConfiguration {
	c := &multiRegionConfiguration{
		MultiRegionKeyType: k.multiRegionType(),
		PrimaryKey:         regionKey{Arn: keyARN(k.PrimaryRegion, k.Account, k.ID), Region: k.PrimaryRegion},
		ReplicaKeys:        []regionKey{},
	}
	for _, other := range s.keys {
		if other.ID == k.ID && other.Account == k.Account && other.Region != other.PrimaryRegion {
			c.ReplicaKeys = append(c.ReplicaKeys, regionKey{Arn: other.arn(), Region: other.Region})
		}
	}
	slices.SortFunc(c.ReplicaKeys, func(a, b regionKey) int { return strings.Compare(a.Region, b.Region) })
	return c
}

func (k *key) multiRegionType() string {
	if k.Region == k.PrimaryRegion {
		return "PRIMARY"
	}
	return "REPLICA"
}
