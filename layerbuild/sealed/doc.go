// Package sealed reads and writes sealed documents: text files in a layer, each
// with one function's secrets as KMS ciphertext. docs/format.md is its
// specification; F-n in a comment or an error is the number of a rule there.
//
// The package does no I/O and calls no service. It turns bytes into a
// [Document] and back, derives the encryption context of each box, and turns
// the plaintexts of opened boxes into secrets. It imports only the standard
// library, because it runs in the function as well as in the build.
package sealed

// Limits of the format. The sizes of a box are the limits of kms:Encrypt
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
const (
	MaxDocument   = 1 << 20 // bytes of a whole document (F-1)
	MaxLine       = 8192    // bytes of a line, without its LF (F-3)
	MaxSources    = 1000    // secrets in a document (F-10)
	MaxBoxes      = 1000    // boxes in a document (F-16)
	MaxField      = 1024    // bytes of a field in the list form (F-38)
	MaxBox        = 4096    // bytes of plaintext in a box (F-23, F-25, F-26)
	MaxCiphertext = 6144    // bytes of ciphertext of a box (F-21)
)

// EmbeddedAccount is the account of every key of the embedded AWS. A document
// sealed under such a key opens only through a loopback endpoint (F-33).
const EmbeddedAccount = "000000000000"

// Folder is the folder of a layer's documents, below /opt.
const Folder = "bundle/functions"

// Extension is the end of every document's file name.
const Extension = ".sealed"

// Path returns the path, in a layer, of the document of the function with this
// name in Lambda.
func Path(name string) string { return Folder + "/" + name + Extension }

// The formats of documents, as in their first lines (F-4).
const (
	Bundle1 = "bundle/1"
	Bundle2 = "bundle/2" // with a secret of Secrets Manager, or a field in the list form (F-35)
)
