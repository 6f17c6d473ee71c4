package manifest

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// KnownRegions are the regions that the AWS SDK of this release knows, by partition:
// https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json
func KnownRegions() []string {
	return []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
		"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1", "us-east-1",
		"us-east-2", "us-west-1", "us-west-2",
		"cn-north-1", "cn-northwest-1",
		"eusc-de-east-1",
		"us-gov-east-1", "us-gov-west-1",
		"us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-east-1", "us-isof-south-1",
	}
}

// UnknownRegion returns a warning about a region that is not among [KnownRegions], or "".
func UnknownRegion(region string) string { return unknownRegions([]string{region}, KnownRegions()) }

func unknownRegions(unknown, known []string) string {
	if len(unknown) > 1 {
		return fmt.Sprintf("This release of bundle does not know the regions %s. If they are new, ignore this warning.", quoted(unknown, 10))
	}
	if slices.Contains(known, unknown[0]) {
		return ""
	}
	return fmt.Sprintf("This release of bundle does not know region %q.%s If it is new, ignore this warning.", unknown[0], didYouMean(unknown[0], known))
}

// doubtRegions warns about regions that may be mistyped, once per environment. It is not an error, because AWS adds regions.
func (e *evaluator) doubtRegions(regions []Text) {
	known := KnownRegions()
	var unknown []string
	var first hcl.Range
	for _, r := range regions {
		if slices.Contains(known, r.Value) {
			continue
		}
		if unknown = append(unknown, r.Value); len(unknown) == 1 {
			first = r.Range
		}
	}
	if len(unknown) > 0 {
		e.report(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Unknown region", Detail: unknownRegions(unknown, known), Subject: &first})
	}
}
