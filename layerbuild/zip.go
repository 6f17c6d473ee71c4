package layerbuild

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// A ZipError says which rule of docs/format.md a layer breaks. A layer contains
// no plaintext, so the error can quote its paths.
type ZipError struct {
	Rule   string // "L-3"
	Path   string // of the entry that breaks the rule; "" for the whole layer
	Reason string
}

func (e *ZipError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("layer: %s (%s)", e.Reason, e.Rule)
	}
	return fmt.Sprintf("layer, entry %q: %s (%s)", e.Path, e.Reason, e.Rule)
}

func broken(rule, path, reason string) error {
	return &ZipError{Rule: rule, Path: path, Reason: reason}
}

const (
	modeFile       = 0o100644
	modeExecutable = 0o100755
	date1980       = 1<<5 | 1  // January 1, 1980, in MS-DOS format
	madeByUnix     = 3<<8 | 20 // unzip programs apply modes only then
	needsVersion   = 20        // of the zip format, to unpack
	uncompressed   = zip.Store // the output of Deflate differs between Go releases
)

// Write writes the layer's zip. If Read would refuse the layer, Write returns a
// *ZipError or ErrTooLarge and writes nothing. Other errors are those of w.
func Write(w io.Writer, l *Layer) error {
	entries, size, err := l.entries()
	if err != nil {
		return err
	}
	if b, ok := w.(*bytes.Buffer); ok {
		b.Grow(size)
	}
	z := zip.NewWriter(w)
	for _, f := range entries {
		// With CreateRaw, we set every header field: no clock, no data
		// descriptor, no extra field.
		mode := uint32(modeFile)
		if f.Executable {
			mode = modeExecutable
		}
		entry, err := z.CreateRaw(&zip.FileHeader{
			Name:               f.Path,
			Method:             uncompressed,
			CreatorVersion:     madeByUnix,
			ReaderVersion:      needsVersion,
			ModifiedDate:       date1980, //nolint:staticcheck // Modified would add an extra field
			CRC32:              crc32.ChecksumIEEE(f.Data),
			CompressedSize64:   uint64(len(f.Data)),
			UncompressedSize64: uint64(len(f.Data)),
			ExternalAttrs:      mode << 16,
		})
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}

// Read reads a layer. It accepts only the bytes that Write would write for the
// same content: it reads the entries, writes them again and compares every byte
// of the file (L-5). For anything else it returns a *ZipError or ErrTooLarge,
// or, if a document is invalid, a *sealed.FormatError.
func Read(b []byte) (*Layer, error) {
	if len(b) > MaxBytes {
		return nil, broken("L-6", "", fmt.Sprintf("it has %d bytes; at most %d are allowed", len(b), MaxBytes))
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, broken("L-5", "", "it is not a zip file")
	}
	if len(z.File) > MaxEntries {
		return nil, broken("L-6", "", fmt.Sprintf("it has %d entries; at most %d are allowed", len(z.File), MaxEntries))
	}
	layer, room := &Layer{}, uint64(len(b))
	for _, entry := range z.File {
		if entry.Method != uncompressed || entry.CompressedSize64 != entry.UncompressedSize64 || entry.UncompressedSize64 > room {
			return nil, broken("L-4", entry.Name, "it is compressed")
		}
		room -= entry.UncompressedSize64
		if err := layer.add(entry); err != nil {
			return nil, err
		}
	}
	again := &expected{rest: b}
	if err := Write(again, layer); err != nil {
		return nil, err
	}
	if again.differs || len(again.rest) > 0 {
		return nil, broken("L-5", "", "it is not the canonical zip of its entries")
	}
	return layer, nil
}

// expected compares what is written with the bytes that it must be.
type expected struct {
	rest    []byte
	differs bool
}

func (e *expected) Write(b []byte) (int, error) {
	rest, ok := bytes.CutPrefix(e.rest, b)
	e.rest, e.differs = rest, e.differs || !ok
	return len(b), nil
}

func (l *Layer) add(entry *zip.File) error {
	r, err := entry.Open()
	if err != nil {
		return broken("L-5", entry.Name, "it cannot be read")
	}
	var content bytes.Buffer
	content.Grow(int(entry.UncompressedSize64) + bytes.MinRead)
	if _, err := content.ReadFrom(r); err != nil {
		return broken("L-5", entry.Name, "it is damaged")
	}
	data := content.Bytes()
	if !strings.HasPrefix(entry.Name, sealed.Folder+"/") {
		l.Helpers = append(l.Helpers, File{entry.Name, entry.ExternalAttrs>>16 == modeExecutable, data})
		return nil
	}
	doc, err := sealed.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", entry.Name, err)
	}
	if entry.Name != sealed.Path(doc.Header.Name) {
		return broken("L-1", entry.Name, fmt.Sprintf("its name line says %q", doc.Header.Name))
	}
	l.Documents = append(l.Documents, doc)
	return nil
}
