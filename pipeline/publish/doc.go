// Package publish finds, downloads and publishes Lambda layers.
//
// A download is held to the digest that Lambda keeps of what was uploaded, and
// a version is never published twice for an answer that got lost. The package
// shares a layer with nobody: it makes no call that could.
package publish
