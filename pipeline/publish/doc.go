// Package publish finds, downloads and publishes Lambda layers.
//
// A download is checked against the digest that Lambda keeps of what was uploaded.
// If an answer is lost, the layer is not published twice. The package never shares
// a layer: it makes no call that could.
package publish
