// Command bundle seals the secrets of Lambda functions at build time: it reads
// a manifest, takes the parameters of one environment from SSM Parameter
// Store, encrypts each function's secrets under that function's own KMS key,
// and writes a Lambda layer of ciphertext that only the function can open.
//
//	bundle --manifest secrets.hcl --out layer.zip
//
// is short for bundle build. The commands are
//
//	build       make the layer of an environment, or of several
//	validate    check the manifest without calling AWS
//	plan        show what a build would do, without reading a value
//	status      tell whether a layer's parameters have changed since it was made
//	compare     show which secrets there are in which environments
//	inspect     show what a layer holds; needs no key
//	publish     publish a layer, unless it is published already
//	verify      check a layer to the byte, against a manifest, and that it opens
//	policy      write the IAM policies that a bundle needs: of roles and of keys
//	doctor      check whether a build would be allowed, and who can decrypt
//	run         run a command with a function's secrets in its environment
//	helpers     make a layer of helpers alone
//	init        write a first manifest, from what a project has or from nothing
//	fmt         lay out a manifest in canonical form
//	local       the embedded AWS: serve, put, get, list, reset, …
//	completion  print the completion script of a shell, or the manual page
//	version     print the version
//
// Where the command line chooses several environments or regions, or a layer for
// each function, most commands do their work for each of them by itself, and end
// with one summary. docs/several.md tells of it.
//
// # Streams
//
// Standard output gets the result and nothing else; with --json it is one JSON
// object, on failure too (docs/json.md). Progress, problems and hints go to standard error. No secret is ever
// printed, but for local get --reveal.
//
// # Exit codes
//
// They are the same in every mode of output.
//
//	0    done
//	1    a fault of bundle's own
//	2    the command line or the manifest is wrong
//	3    there are differences (plan, status and compare with --exit-code, fmt with --check)
//	4    no access, no credentials, or the wrong account
//	5    a parameter or a key is missing or unusable
//	6    AWS is unavailable or throttling: try again
//	7    an answer or a layer was refused for its integrity
//	8    the output could not be written
//	130  interrupted (143: terminated)
//
// Where a run has several problems, the code is the smallest among them; it is
// 6 only if all of them are.
package main
