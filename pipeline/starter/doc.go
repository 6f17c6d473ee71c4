// Package starter writes first manifests for bundle init: from what a project
// has (a serverless.yml, a SAM template, the names in a dotenv file, or parameters
// below a path), or from nothing.
//
// It copies names and never values. Of a variable with a literal value, it uses
// only the name. Whatever the source contains, the result is a manifest that
// validates, or an error. Errors and notes name lines of the source, and quote
// nothing but names.
package starter
