// Command bundle seals the secrets of Lambda functions at build time: it reads
// a manifest, gets the values of one environment from SSM Parameter Store and
// Secrets Manager, encrypts each function's secrets under that function's own KMS
// key, and writes a Lambda layer of ciphertext that only the function can open.
//
//	bundle --manifest secrets.hcl --out layer.zip
//
// is short for bundle build. The commands are
//
//	build       build the layers of one or more environments (the default command)
//	validate    check the manifest without calling AWS
//	plan        show what a build would do, without reading any values
//	status      check whether a layer's secrets have changed since it was built
//	compare     show which secrets exist in which environments
//	inspect     show what a layer contains; decrypts nothing
//	publish     publish a layer, unless it is already published
//	rollout     move deployed functions to a version of the published layer
//	prune       list the layer versions that nothing names, and delete them
//	matrix      print what is to be built as a matrix of jobs for a CI
//	verify      verify every byte of a layer, its manifest, and that it decrypts
//	policy      print the IAM and key policies that a bundle needs
//	doctor      check whether a build would be allowed, and who can decrypt
//	rotate      show how far the rotation of a secret is, and do the next steps
//	run         run a command with a function's secrets, such as its tests
//	put         put the value of a secret into Parameter Store
//	import      put every value of a dotenv or JSON file into Parameter Store
//	helpers     build a layer that contains only helpers
//	unpack      unpack a function's document and the helpers, for an image or a package
//	init        create a first manifest, from an existing project or from scratch
//	fmt         reformat manifests and guard files in canonical style
//	schema      print the JSON schema of a manifest or guard file, for editors
//	local       the embedded AWS: serve, put, get, list, reset, …
//	completion  print a shell completion script or the manual page
//	version     print the version
//
// If the command line chooses several environments or regions, or a layer for each
// function, most commands work on each of them separately, and end with one
// summary. See docs/several.md.
//
// # Streams
//
// Standard output has the result and nothing else. With --json, it is one JSON
// object, also on failure (docs/json.md). Progress, problems and hints go to
// standard error. Only local get --reveal ever prints a secret.
//
// # Exit codes
//
// They are the same in every output mode.
//
//	0    done
//	1    a bug in bundle
//	2    the command line or the manifest is wrong
//	3    differences found (plan, status, audit, compare, revoke, rotate and prune with --exit-code; fmt --check)
//	4    access denied, no credentials, or the wrong account
//	5    a parameter, secret or key is missing or unusable
//	6    AWS is unavailable or throttling: try again
//	7    integrity check failed
//	8    the output could not be written
//	9    put, import, revoke, rollout, rotate: some parameters, key policies or functions were changed, and others were not
//	126  run: the command cannot be run
//	127  run: the command does not exist
//	130  interrupted by a signal (143 for SIGTERM)
//
// If a run has several problems, the exit code is the smallest of their codes, but 6
// only if all of them are 6, and 9 whenever a part was written.
package main
