package publish

import (
	"strings"
	"testing"
)

func TestVersionsAreWrittenInOneWay(t *testing.T) {
	const layer = "arn:aws:lambda:us-east-1:222222222222:layer:shop:"
	for _, version := range []string{"", "0", "-1", "+1", "01", " 1", "1 ", "9223372036854775808"} {
		if ref, err := ParseARN(layer + version); err == nil {
			t.Errorf("%q is taken for version %d", version, ref.Version)
		}
	}
}

// Every accepted ARN is written as it was read.
func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:lambda:us-east-1:222222222222:layer:shop")
	f.Add("arn:aws-cn:lambda:cn-north-1:222222222222:layer:shop:12")
	f.Fuzz(func(t *testing.T, arn string) {
		ref, err := ParseARN(arn)
		if err != nil {
			return
		}
		if got := ref.String(); got != arn || ref.Region == "" || ref.Version < 0 || !strings.HasPrefix(ref.Layer, "arn:") {
			t.Errorf("%q is read as %q, %+v", arn, got, ref)
		}
	})
}
