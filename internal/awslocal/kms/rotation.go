package kms

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// rotation is the rotation of a symmetric key's material (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html). The
// replicas of a multi-Region key have the rotation of the primary key.
type rotation struct {
	Days  int           `json:"days,omitempty"` // between automatic rotations, which never happen here; 0: off
	Since time.Time     `json:"since,omitzero"` // when Days was set
	Old   []oldMaterial `json:"old,omitempty"`  // oldest first
}

// oldMaterial is material that still decrypts. A rotation on demand replaced it.
type oldMaterial struct {
	Material []byte    `json:"material"`
	Replaced time.Time `json:"replaced"`
}

// Limits of https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html and API_RotateKeyOnDemand.html.
const (
	leastRotation    = 90 // days
	standardRotation = 365
	mostRotation     = 2560
	mostRotations    = 25 // on demand
)

// restored checks a rotation from a snapshot.
func (n rotation) restored() error {
	if n.Days != 0 && (n.Days < leastRotation || n.Days > mostRotation) {
		return errors.New("the rotation period is out of range")
	}
	if slices.ContainsFunc(n.Old, func(old oldMaterial) bool { return len(old.Material) != materialSize }) {
		return errors.New("old material of the wrong size")
	}
	return nil
}

// materialOf returns the material with an ID, the key's or an older one; nil if the key never had it.
func (k *key) materialOf(id string) []byte {
	if id == k.material {
		return k.Material
	}
	for _, old := range k.Rotation.Old {
		if materialID(old.Material) == id {
			return old.Material
		}
	}
	return nil
}

// sealedWith returns the ID of the material that sealed a blob of this key, "" if the key's material has no ID.
func (k *key) sealedWith(blob []byte) string {
	if k.Spec != specSymmetric {
		return ""
	}
	header, _ := parseBlob(blob)
	return header.materialID
}

type rotationInput struct {
	KeyId                *string
	RotationPeriodInDays *int
}

// rotating finds a key whose rotation a request is to change: a symmetric key of the account that is no replica. The caller holds the
// write lock.
func (s *Service) rotating(r *call.Request, keyID *string, extra ...conditionKeys) (reference, error) {
	k, err := s.change(r, keyID, extra...)
	if err == nil {
		err = s.ownKey(r, k)
	}
	if err == nil {
		err = k.rotates()
	}
	if err == nil {
		err = k.usable()
	}
	if err == nil && (k.Managed || k.multiRegion() && k.Region != k.PrimaryRegion) {
		err = call.NewError("UnsupportedOperationException", k.arn()+" has a rotation that cannot be changed here.")
	}
	return k, err
}

// rotates refuses a key whose material cannot rotate.
func (k *key) rotates() error {
	if k.Spec != specSymmetric || k.Origin != "AWS_KMS" {
		return call.NewError("UnsupportedOperationException", k.arn()+" is not a symmetric encryption key with key material from KMS.")
	}
	return nil
}

// enableKeyRotation is https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html.
func (s *Service) enableKeyRotation(r *call.Request, in *rotationInput) (any, error) {
	days := standardRotation
	var extra []conditionKeys
	if in.RotationPeriodInDays != nil {
		days = *in.RotationPeriodInDays
		if err := checkRange("rotationPeriodInDays", days, leastRotation, mostRotation); err != nil {
			return nil, err
		}
		extra = append(extra, condition("kms:RotationPeriodInDays", fmt.Sprint(days)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.rotating(r, in.KeyId, extra...)
	if err != nil {
		return nil, err
	}
	for _, related := range s.related(k.key) {
		related.Rotation.Days, related.Rotation.Since = days, r.Now
	}
	return nil, nil
}

// disableKeyRotation is https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html.
func (s *Service) disableKeyRotation(r *call.Request, in *keyIDInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.rotating(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	for _, related := range s.related(k.key) {
		related.Rotation.Days, related.Rotation.Since = 0, time.Time{}
	}
	return nil, nil
}

type rotationStatus struct {
	KeyId                string
	KeyRotationEnabled   bool
	NextRotationDate     float64 `json:",omitempty"`
	RotationPeriodInDays int     `json:",omitempty"`
}

// getKeyRotationStatus is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html. The rotation of a key that is
// pending deletion is off.
func (s *Service) getKeyRotationStatus(r *call.Request, in *keyIDInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.allowed(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := k.rotates(); err != nil {
		return nil, err
	}
	out := rotationStatus{KeyId: k.arn()}
	days, since := k.Rotation.Days, k.Rotation.Since
	if k.Managed {
		days, since = standardRotation, k.Created
	}
	if days > 0 && !k.waiting() {
		next := since.Add(time.Duration(days) * 24 * time.Hour)
		out.KeyRotationEnabled, out.RotationPeriodInDays, out.NextRotationDate = true, days, epoch(next)
	}
	return out, nil
}

// rotateKeyOnDemand is https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html. The rotation is complete at once.
func (s *Service) rotateKeyOnDemand(r *call.Request, in *keyIDInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.rotating(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	if len(k.Rotation.Old) >= mostRotations {
		return nil, call.NewError("LimitExceededException", "A key can be rotated on demand 25 times at most.")
	}
	old := append(slices.Clone(k.Rotation.Old), oldMaterial{Material: k.Material, Replaced: r.Now})
	material := make([]byte, materialSize)
	rand.Read(material) // never fails
	for _, related := range s.related(k.key) {
		related.Rotation.Old = old
		related.setMaterial(material)
	}
	return map[string]any{"KeyId": k.arn()}, nil
}

type listRotationsInput struct {
	listInput
	IncludeKeyMaterial string
}

// rotationEntry is https://docs.aws.amazon.com/kms/latest/APIReference/API_RotationsListEntry.html.
type rotationEntry struct {
	KeyId            string
	KeyMaterialId    string
	KeyMaterialState string
	RotationDate     float64 `json:",omitempty"`
	RotationType     string  `json:",omitempty"`
}

// listKeyRotations is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html, oldest first.
func (s *Service) listKeyRotations(r *call.Request, in *listRotationsInput) (any, error) {
	all := in.IncludeKeyMaterial == "ALL_KEY_MATERIAL"
	if !all && in.IncludeKeyMaterial != "" && in.IncludeKeyMaterial != "ROTATIONS_ONLY" {
		return nil, constraint(" '"+in.IncludeKeyMaterial+"'", "includeKeyMaterial", "satisfy enum value set: [ALL_KEY_MATERIAL, ROTATIONS_ONLY]")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.allowed(r, in.KeyId)
	if err == nil {
		err = s.ownKey(r, k)
	}
	if err == nil {
		err = k.rotates()
	}
	if err != nil {
		return nil, err
	}
	entries := map[string]rotationEntry{} // by a name that sorts as they do
	for i, e := range k.rotations() {
		if i > 0 || all {
			entries[fmt.Sprintf("%03d", i)] = e
		}
	}
	return pageOf(&in.listInput, "Rotations", entries, 100, 1000)
}

// rotations are all material of the key, oldest first. The first came with the key.
func (k *key) rotations() []rotationEntry {
	var all []rotationEntry
	e := rotationEntry{KeyId: k.arn(), KeyMaterialState: "NON_CURRENT"}
	for _, old := range k.Rotation.Old {
		e.KeyMaterialId = materialID(old.Material)
		all = append(all, e)
		e.RotationDate, e.RotationType = epoch(old.Replaced), "ON_DEMAND"
	}
	e.KeyMaterialId, e.KeyMaterialState = k.material, "CURRENT"
	return append(all, e)
}
