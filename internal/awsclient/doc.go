// Package awsclient makes the aws.Config that every client of AWS is built from:
// where calls go, as whom, how often they are tried and what is recorded of
// them.
//
// Its guards are closed by default. Outside the embedded AWS, calls go to AWS's
// own endpoints or to the one named on the command line, never to one that the
// environment or a profile happens to name: an inherited AWS_ENDPOINT_URL_KMS
// would receive plaintext. In the embedded AWS, calls go to a loopback address
// with credentials of its own, never with those of the default chain.
//
// The instance metadata service is left alone, so that missing credentials are
// reported at once instead of after its time-outs. Where an instance role is
// wanted, AWS_EC2_METADATA_DISABLED=false says so.
package awsclient
