package publish

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awsfault"
)

// A Ref names a layer, or one version of it.
type Ref struct {
	Layer   string // name or ARN of the layer, without version
	Version int64  // 0: the newest there is
	Before  int64  // with Version 0: the newest of those below this one
	Region  string // "" where Layer is a name
}

func (r Ref) String() string {
	if r.Version == 0 {
		return r.Layer
	}
	return r.Layer + ":" + strconv.FormatInt(r.Version, 10)
}

// ParseARN reads the ARN of a layer or of a layer version:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
func ParseARN(arn string) (Ref, error) {
	p := strings.Split(arn, ":")
	ok := (len(p) == 7 || len(p) == 8) && p[0] == "arn" && p[1] != "" && p[2] == "lambda" && p[3] != "" &&
		len(p[4]) == 12 && strings.Trim(p[4], "0123456789") == "" && p[5] == "layer" && ValidName(p[6])
	if !ok {
		return Ref{}, fmt.Errorf("%q is not the ARN of a layer: write arn:aws:lambda:REGION:ACCOUNT:layer:NAME, with :VERSION or without", awsfault.Printable(arn))
	}
	ref := Ref{Layer: strings.Join(p[:7], ":"), Region: p[3]}
	if len(p) == 8 {
		n, err := strconv.ParseInt(p[7], 10, 64)
		if err != nil || n < 1 || strconv.FormatInt(n, 10) != p[7] {
			return Ref{}, fmt.Errorf("%q has no layer version after the last colon: versions are numbers from 1", awsfault.Printable(arn))
		}
		ref.Version = n
	}
	return ref, nil
}

// ValidName reports whether s may name a layer
// (https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html).
func ValidName(s string) bool {
	return len(s) >= 1 && len(s) <= 140 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
