package policy

// Audit is the policy of a role that audits. It allows reading the event history and the event selectors of trails, the policies of the
// functions' keys, and the published layers. Event history is a wide right: it has all management events of account and Region, and
// CloudTrail knows no resource for it.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
func (s Setting) Audit() Document {
	return newDocument([]Statement{
		{Sid: "LookUpEvents", Effect: allow, Action: List{"cloudtrail:DescribeTrails", "cloudtrail:LookupEvents"}, Resource: List{"*"}},
		// The trail of an organization is in another account, and that of all Regions perhaps in another Region.
		{Sid: "ReadEventSelectors", Effect: allow, Action: List{"cloudtrail:GetEventSelectors"},
			Resource: List{"arn:" + s.partition() + ":cloudtrail:*:*:trail/*"}},
	}, s.describe(nil), s.readKeys(List{"kms:GetKeyPolicy"}, List{"default"}), s.readPublished())
}
