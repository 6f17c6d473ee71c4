// Package stack writes the policies of a bundle as resources that a team can apply:
// roles, managed policies, keys with their policies, and aliases, for Terraform,
// CloudFormation or the CDK.
//
// It makes no calls. Where a document has the ARN of a key or a role that the resources
// create, the output has a reference to it. Everything else is as [policy.Setting]
// writes it.
package stack
