package kms

import (
	"crypto/rand"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type randomInput struct {
	NumberOfBytes    *int
	CustomKeyStoreId string
}

// generateRandom is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html.
func (s *Service) generateRandom(r *call.Request, in *randomInput) (any, error) {
	if in.NumberOfBytes == nil {
		return nil, validation("NumberOfBytes is required.")
	}
	if err := checkRange("numberOfBytes", *in.NumberOfBytes, 1, maxDataKey); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreId != "" {
		return nil, unsupported("A custom key store")
	}
	if err := allowPlain(r, "GenerateRandom", "*", nil); err != nil {
		return nil, err
	}
	random := make([]byte, *in.NumberOfBytes)
	rand.Read(random) // never fails
	return map[string]any{"Plaintext": random}, nil
}

// checkRange checks a number.
func checkRange(member string, n, least, most int) error {
	switch {
	case n < least:
		return constraint(" '"+strconv.Itoa(n)+"'", member, "have value greater than or equal to "+strconv.Itoa(least))
	case n > most:
		return constraint(" '"+strconv.Itoa(n)+"'", member, "have value less than or equal to "+strconv.Itoa(most))
	}
	return nil
}
