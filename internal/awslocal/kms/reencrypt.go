package kms

import (
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type reEncryptInput struct {
	CiphertextBlob                 []byte
	SourceKeyId                    *string
	SourceEncryptionContext        map[string]string
	SourceEncryptionAlgorithm      string
	DestinationKeyId               *string
	DestinationEncryptionContext   map[string]string
	DestinationEncryptionAlgorithm string
	dryRunFields
}

type reEncryptOutput struct {
	CiphertextBlob                 []byte
	SourceKeyId                    string
	KeyId                          string
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	SourceKeyMaterialId            string `json:",omitempty"`
	DestinationKeyMaterialId       string `json:",omitempty"`
}

// reEncrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html. It needs kms:ReEncryptFrom
// on the source key with the source context, and kms:ReEncryptTo on the destination key with the destination context.
func (s *Service) reEncrypt(r *call.Request, in *reEncryptInput) (out any, err error) {
	destination, err := required("destinationKeyId", in.DestinationKeyId)
	if err != nil {
		return nil, err
	}
	ignoreCiphertext, err := in.check()
	if err != nil {
		return nil, err
	}
	from, err := encryptionAlgorithm("sourceEncryptionAlgorithm", in.SourceEncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	to, err := encryptionAlgorithm("destinationEncryptionAlgorithm", in.DestinationEncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	src := source{
		action: "ReEncryptFrom", member: "sourceKeyId", ref: in.SourceKeyId, blob: in.CiphertextBlob,
		context: in.SourceEncryptionContext, algorithm: from, ignoreCiphertext: ignoreCiphertext,
	}
	if err := src.check(); err != nil {
		return nil, err
	}
	s.ensureManaged(r, src.name())
	s.ensureManaged(r, destination)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	dst, err := s.find(r, "destinationKeyId", destination)
	if err != nil {
		return nil, err
	}
	same := condition("kms:ReEncryptOnSameKey", strconv.FormatBool(s.sourceARN(r, src) == dst.arn()))
	src.extra = append(src.extra, same)
	k, plaintext, err := s.openSource(r, src)
	defer func() {
		s.log(r, "ReEncrypt", err, Use{SourceKeyID: src.name(), KeyID: destination, SourceContext: in.SourceEncryptionContext,
			Context: in.DestinationEncryptionContext, SourceAlgorithm: from, Algorithm: to, DryRun: in.DryRun}, k, dst)
	}()
	if err != nil {
		return nil, err
	}
	if err := s.allow(r, "ReEncryptTo", dst, contextKeys(in.DestinationEncryptionContext), algorithmKey(to), same); err != nil {
		return nil, err
	}
	blob, err := dst.encrypt("ReEncrypt", to, plaintext, in.DestinationEncryptionContext, in.DryRun)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	s.used(r, "ReEncrypt", k.key, dst.key)
	return reEncryptOutput{
		CiphertextBlob: blob, SourceKeyId: k.arn(), KeyId: dst.arn(), SourceEncryptionAlgorithm: from, DestinationEncryptionAlgorithm: to,
		SourceKeyMaterialId: k.sealedWith(in.CiphertextBlob), DestinationKeyMaterialId: dst.material,
	}, nil
}

// sourceARN returns the ARN of the key of a source, "" if there is none. The caller holds a lock.
func (s *Service) sourceARN(r *call.Request, src source) string {
	if src.ref != nil {
		if k, err := s.findSource(r, src); err == nil {
			return k.arn()
		}
		return ""
	}
	header, _ := parseBlob(src.blob)
	return keyARN(r.Region, header.account, header.keyID)
}
