// Package awsclient makes the aws.Config for every AWS client: where calls go, with
// which identity, how often they are retried, and what is recorded.
//
// It is safe by default. Calls to a real account go to AWS's own endpoints or to
// the one on the command line, never to one from the environment or a profile: an
// inherited AWS_ENDPOINT_URL_KMS would receive plaintext. Calls to the embedded
// AWS go to a loopback address with its own credentials, never with those of the
// default chain.
//
// The EC2 instance metadata service is off, so that missing credentials are
// reported at once instead of after its timeouts. AWS_EC2_METADATA_DISABLED=false
// turns it on.
package awsclient
