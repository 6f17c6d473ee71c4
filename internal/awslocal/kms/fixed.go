package kms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fix sets the ID and the key material of a symmetric key that was just made and has no alias yet. Then a ciphertext in a file,
// such as a test vector, opens in every server with the same seed. AWS has no such operation.
func (s *Service) Fix(arn, id string, material []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[arn]
	switch {
	case k == nil:
		return fmt.Errorf("key %q does not exist", arn)
	case k.Spec != specSymmetric || len(material) != materialSize:
		return fmt.Errorf("only a symmetric key takes material, and %d bytes of it", materialSize)
	case !isKeyID(id) || strings.HasPrefix(id, "mrk-") != k.multiRegion():
		return fmt.Errorf("%q is not the id of such a key", id)
	case len(k.aliases) > 0:
		return errors.New("the key has an alias already")
	}
	fixed := keyARN(k.Region, k.Account, id)
	if s.keys[fixed] != nil {
		return fmt.Errorf("there is a key %q already", id)
	}
	delete(s.keys, arn)
	k.ID = id
	k.setMaterial(slices.Clone(material))
	s.keys[fixed] = k
	return nil
}
