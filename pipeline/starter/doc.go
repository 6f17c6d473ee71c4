// Package starter makes first manifests for bundle init: from what a project
// has (a serverless.yml, a SAM template, the names in a dotenv file, parameters
// below a path), or from nothing.
//
// It copies names and never values: of a variable whose value stands in the
// source, only its name goes anywhere. Whatever the source says, what comes out
// is a manifest that validates, or an error. Errors and notes name lines of the
// source and never quote it, but for names.
package starter
