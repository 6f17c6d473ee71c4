// Package secretsmanager reads secrets of AWS Secrets Manager.
//
// Whether a secret changed, DescribeSecret says, which needs no right to its value. A
// value is read with GetSecretValue, one at a time, because BatchGetSecretValue cannot
// name a version or stage. Every reply is checked against its request. Values leave the
// package only in a secret.Value, and no error contains any part of one.
package secretsmanager
