// Package sealed reads and writes sealed documents: the text files of a layer
// that hold one function's secrets as KMS ciphertext. docs/format.md is its
// specification; F-n in a comment or an error is the number of a rule there.
//
// The package does no I/O and calls no service. It turns bytes into a
// [Document] and back, derives the encryption context of each box, and puts
// the plaintexts of opened boxes together. It imports the standard library
// only, because it runs inside the function as well as in the build.
package sealed

// Limits of the format. The sizes of a box are those of kms:Encrypt
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
const (
	MaxDocument   = 1 << 20 // bytes of a whole document (F-1)
	MaxLine       = 8192    // bytes of a line without its LF (F-3)
	MaxSources    = 1000    // secrets of a function (F-10)
	MaxBoxes      = 1000    // boxes of a document (F-16)
	MaxBox        = 4096    // bytes of plaintext in a box (F-23, F-25, F-26)
	MaxCiphertext = 6144    // bytes of ciphertext of a box (F-21)
)

// EmbeddedAccount is the account of keys made by the embedded AWS. A document
// under such a key opens only through a loopback endpoint (F-33).
const EmbeddedAccount = "000000000000"

// Folder is where the documents of a layer lie, below /opt.
const Folder = "bundle/functions"

// Extension ends the file name of every document.
const Extension = ".sealed"

// Path returns where the document of the function that Lambda knows as name
// lies in a layer.
func Path(name string) string { return Folder + "/" + name + Extension }

const formatWord = "bundle/1"
