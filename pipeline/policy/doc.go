// Package policy writes the IAM documents that a bundle needs and no more:
// for the role that builds, for one that only looks, for the roles of the
// functions, and for the functions' keys.
//
// It is pure: it is told what the manifest's references stand for and makes no
// calls. Everything an Allow names is an ARN where one is known. A Deny closes
// what other policies of the same role might open.
package policy
