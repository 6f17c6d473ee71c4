package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// decode returns a file as text, without a byte order mark, and with "\n" for every
// line end.
func decode(src []byte) (string, error) {
	if err := Encrypted(src); err != nil {
		return "", err
	}
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return "", errors.New("it is UTF-16, as PowerShell's > writes it. Save it as UTF-8, in PowerShell with Set-Content -Encoding utf8")
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if !utf8.Valid(src) {
		line := 1
		for rest := src; ; line++ {
			first, after, _ := bytes.Cut(rest, []byte("\n"))
			if !utf8.Valid(first) {
				break
			}
			rest = after
		}
		return "", fmt.Errorf("line %d is not UTF-8. Save the file as UTF-8", line)
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src)), nil
}
