package ssm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// The advanced tier stores a message of the AWS Encryption SDK. AWS does not document which algorithm suite it uses there. This one
// has the header of message format 1 (https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html), suite
// 0x0378, or, with an option, of format 2, suite 0x0578. So it begins as such messages do, and names the key and the context in the
// same places. As in AWS, it is not a KMS ciphertext. Its body is sealed with AES-256-GCM under the data key itself, with the header
// as additional data: an Encryption SDK can read the header, but not open the body.

// envelope is the header of a message.
type envelope struct {
	arn     string // the PARAMETER_ARN of the encryption context
	keyARN  string
	dataKey []byte // a KMS ciphertext
	format  messageFormat
}

// messageFormat is the beginning of a message: version, type if the version has one, and suite; then the message ID.
type messageFormat struct {
	head     string
	idLength int
}

func formats() (first, second messageFormat) {
	return messageFormat{"\x01\x80\x03\x78", 16}, messageFormat{"\x02\x05\x78", 32}
}

const provider = "aws-kms"

var errMessage = errors.New("a stored value of the advanced tier is damaged")

func sealMessage(key, plain []byte, e envelope) ([]byte, error) {
	id := make([]byte, e.format.idLength)
	_, _ = rand.Read(id) // never fails: https://pkg.go.dev/crypto/rand#Read
	aad := binary.BigEndian.AppendUint16(nil, 1)
	aad = appendField(appendField(aad, []byte("PARAMETER_ARN")), []byte(e.arn))
	header := append([]byte(e.format.head), id...)
	header = appendField(header, aad)
	header = binary.BigEndian.AppendUint16(header, 1)
	for _, field := range [][]byte{[]byte(provider), []byte(e.keyARN), e.dataKey} {
		header = appendField(header, field)
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return append(header, aead.Seal(nil, nil, plain, header)...), nil
}

// dataKeyOf reads the encrypted data key out of a message.
func dataKeyOf(message []byte) ([]byte, error) {
	fields, _, err := splitMessage(message)
	if err != nil {
		return nil, err
	}
	return fields[3], nil
}

func openMessage(key, message []byte) ([]byte, error) {
	_, body, err := splitMessage(message)
	if err != nil {
		return nil, err
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, body, message[:len(message)-len(body)])
	if err != nil {
		return nil, errMessage
	}
	return plain, nil
}

// splitMessage returns the fields of the header (context, provider, key ARN, encrypted data key) and the body.
func splitMessage(message []byte) (fields [4][]byte, body []byte, err error) {
	format, second := formats()
	if bytes.HasPrefix(message, []byte(second.head)) {
		format = second
	}
	rest, ok := bytes.CutPrefix(message, []byte(format.head))
	if !ok || len(rest) < format.idLength {
		return fields, nil, errMessage
	}
	rest = rest[format.idLength:]
	for i := range fields {
		if i == 1 { // the count of data keys is between the context and the first key
			if len(rest) < 2 || binary.BigEndian.Uint16(rest) != 1 {
				return fields, nil, errMessage
			}
			rest = rest[2:]
		}
		if fields[i], rest, ok = cutField(rest); !ok {
			return fields, nil, errMessage
		}
	}
	return fields, rest, nil
}

func appendField(b, field []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(field))), field...)
}

func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
