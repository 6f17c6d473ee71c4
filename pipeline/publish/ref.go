package publish

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
)

// A Ref names a layer, or one version of it.
type Ref struct {
	Layer   string // name or ARN of the layer, without version
	Version int64  // 0: the newest
	Before  int64  // with Version 0: the newest one before this version; 0 for no bound
	Region  string // "" if Layer is a name
}

func (r Ref) String() string {
	if r.Version == 0 {
		return r.Layer
	}
	return r.Layer + ":" + strconv.FormatInt(r.Version, 10)
}

// ParseARN parses the ARN of a layer or of a layer version:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
func ParseARN(s string) (Ref, error) {
	a, _ := arn.Parse(s)
	resource, layer := strings.CutPrefix(a.Resource, "layer:")
	name, version, versioned := strings.Cut(resource, ":")
	if !layer || a.Service != "lambda" || a.Region == "" || !a.HasAccount() || !ValidName(name) {
		return Ref{}, fmt.Errorf("%q is not the ARN of a layer: write arn:aws:lambda:REGION:ACCOUNT:layer:NAME, with or without :VERSION", awsfault.Printable(s))
	}
	a.Resource = "layer:" + name
	ref := Ref{Layer: a.String(), Region: a.Region}
	if versioned {
		n, err := strconv.ParseInt(version, 10, 64)
		if err != nil || n < 1 || strconv.FormatInt(n, 10) != version {
			return Ref{}, fmt.Errorf("%q has no layer version after the last colon: versions are numbers from 1", awsfault.Printable(s))
		}
		ref.Version = n
	}
	return ref, nil
}

// IsIn reports whether a reference is to a layer of this name in an account and region.
func IsIn(ref Ref, account, region, name string) bool {
	a, ok := arn.Parse(ref.Layer)
	return ok && a.Account == account && a.Region == region && arn.InPartition(a.Partition, region) && a.Resource == "layer:"+name
}

// VersionOf returns the ARN of another version of the layer that the ARN of a version is of.
func VersionOf(version string, number int64) string {
	ref, _ := ParseARN(version)
	ref.Version = number
	return ref.String()
}

// ValidName reports whether s is valid as a layer's name
// (https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html).
func ValidName(s string) bool {
	return len(s) >= 1 && len(s) <= 140 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
