package secretsmanager

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

const (
	maxPage  = 100 // items
	maxToken = 4096
)

// page checks the members of a paged read.
func (c *check) page(maxResults *int, token *string, most int) {
	c.between("maxResults", maxResults, 1, most)
	c.length("nextToken", token, 1, maxToken)
}

// paged returns a page of a list, and the token of the next one. A token is of one list: of says which.
func paged[E any](all []E, maxResults *int, token *string, of string) (page []E, next string, err error) {
	begin, size := 0, maxPage
	if maxResults != nil {
		size = *maxResults
	}
	sum := sha256.Sum256([]byte(of))
	if token != nil {
		b, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil || len(b) != 12 || string(b[:8]) != string(sum[:8]) {
			return nil, "", modeled("InvalidNextTokenException", "The next token is invalid.")
		}
		begin = min(int(binary.BigEndian.Uint32(b[8:])), len(all))
	}
	end := min(begin+size, len(all))
	if end < len(all) {
		next = base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(sum[:8:8], uint32(end)))
	}
	return all[begin:end], next, nil
}
