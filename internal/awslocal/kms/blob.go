package kms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

// A ciphertext blob of a symmetric key:
//
//	magic 5 · account 12 · key id 36 · material id 32 · salt 32 · IV 12 · ciphertext with 16 bytes of tag
//
// It begins as AWS's blobs do ("AQICAH" in base64) and has about the same length (plaintext + 145 bytes); the rest
// of AWS's layout is not published. It names no region, so that the replicas of a multi-Region key can open it. The
// AES-256-GCM key is derived from the key material and the salt. The additional data is everything before the IV,
// and the encryption context.
const (
	blobMagic    = "\x01\x02\x02\x00\x78"
	materialSize = 32
	saltSize     = 32
	ivSize       = 12
	tagSize      = 16

	accountAt  = len(blobMagic)
	idAt       = accountAt + 12
	materialAt = idAt + keyIDSize
	saltAt     = materialAt + sha256.Size
	ivAt       = saltAt + saltSize
	textAt     = ivAt + ivSize
)

// blobHeader is the header of a blob. It is not authenticated until the blob is opened.
type blobHeader struct {
	account, keyID, materialID string
}

// parseBlob reads the header of a blob; ok is false for anything that seal did not make.
func parseBlob(blob []byte) (h blobHeader, ok bool) {
	if len(blob) < textAt+tagSize || !bytes.HasPrefix(blob, []byte(blobMagic)) {
		return h, false
	}
	h = blobHeader{
		account:    string(blob[accountAt:idAt]),
		keyID:      string(blob[idAt:materialAt]),
		materialID: hex.EncodeToString(blob[materialAt:saltAt]),
	}
	return h, isKeyID(h.keyID)
}

// seal encrypts with a symmetric key and an encryption context.
func (k *key) seal(plaintext []byte, context map[string]string) []byte {
	blob := make([]byte, 0, textAt+len(plaintext)+tagSize)
	blob = append(blob, blobMagic...)
	blob = append(blob, k.Account...)
	blob = append(blob, k.ID...)
	id, err := hex.DecodeString(k.material)
	if err != nil {
		panic(err) // materialID is hex
	}
	blob = append(blob, id...)
	blob = blob[:textAt]
	rand.Read(blob[saltAt:]) // never fails
	return aead(k.Material, blob).Seal(blob, blob[ivAt:textAt], plaintext, additionalData(blob, context))
}

// open decrypts a blob of this key. ok is false if the context is another one or the blob is damaged.
func (k *key) open(blob []byte, context map[string]string) (plaintext []byte, ok bool) {
	h, ok := parseBlob(blob)
	if !ok || h.keyID != k.ID || h.account != k.Account {
		return nil, false
	}
	material := k.materialOf(h.materialID)
	if material == nil {
		return nil, false
	}
	plaintext, err := aead(material, blob).Open(nil, blob[ivAt:textAt], blob[textAt:], additionalData(blob, context))
	return plaintext, err == nil
}

// aead returns the cipher of one blob. Each blob has its own key, so that no IV is used twice with one key.
func aead(material, blob []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, material)
	mac.Write(blob[saltAt:ivAt])
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return aead
}

// additionalData binds the header of the blob and the context. Every string carries its length, so that
// {"a": "bc"} and {"ab": "c"} are different contexts.
func additionalData(blob []byte, context map[string]string) []byte {
	data := bytes.Clone(blob[:ivAt])
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, text := range []string{name, context[name]} {
			data = binary.BigEndian.AppendUint32(data, uint32(len(text)))
			data = append(data, text...)
		}
	}
	return data
}
