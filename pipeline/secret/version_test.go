package secret

import "testing"

func TestInPartition(t *testing.T) {
	for _, tt := range []struct {
		partition, region string
		want              bool
	}{
		{"aws", "us-west-2", true},
		{"aws", "eu-central-1", true},
		{"aws-cn", "cn-north-1", true},
		{"aws-us-gov", "us-gov-west-1", true},
		{"aws-eusc", "eusc-de-east-1", true},
		{"aws-iso", "us-iso-east-1", true},
		{"", "us-west-2", false},
		{"aws-cn", "us-west-2", false},
		{"aws-us-gov", "us-west-2", false},
		{"aws", "cn-north-1", false},
		{"aws", "us-gov-west-1", false},
		{"aws-cn", "us-gov-west-1", false},
	} {
		if got := InPartition(tt.partition, tt.region); got != tt.want {
			t.Errorf("%s in %s: %t", tt.region, tt.partition, got)
		}
	}
}
