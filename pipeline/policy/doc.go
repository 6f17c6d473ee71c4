// Package policy writes the IAM policies and key policies that a bundle needs, and
// nothing more: for the role that builds, for roles that only plan, put parameters
// or run the doctor, for the functions' roles, and for the functions' keys.
//
// It makes no calls: a Setting has what the manifest's references resolve to. An
// Allow names ARNs where they are known. A Deny blocks what other policies of the
// same role might allow.
package policy
