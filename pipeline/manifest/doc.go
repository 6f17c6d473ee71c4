// Package manifest reads a secrets.hcl: which functions there are, which key each of them has, and which parameters
// become which secrets, for each environment. Every value keeps the place where it was written, so that later problems
// can name its line.
//
// [Load] reads the files and checks what does not depend on an environment. [Module.Evaluate] evaluates one environment.
// Both report all problems at once, as diagnostics in the order of the source. Join the two with [Module.Sort].
//
// A manifest is untrusted input, because it may come from a pull request. Its language is HCL (native or JSON syntax)
// without what could make it a program: no files, no process environment except BUNDLE_VAR_*, no clock, no loops, no
// arithmetic, and a short list of pure functions ([Functions]). Size, nesting and the values of expressions are limited,
// so that evaluation needs neither a timeout nor a recover. No secret value is ever part of an expression: a manifest
// names parameters, and they are read after it has been evaluated.
//
// The package does not check the syntax of parameter references, fields and encodings. Package pipeline does.
package manifest
