package sealed

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads a document. It accepts only the bytes that New would write for
// the same content; for anything else, it returns a *FormatError. The document
// keeps b, which the caller must not modify.
func Parse(b []byte) (*Document, error) {
	lines, err := split(b)
	if err != nil {
		return nil, err
	}
	p := &parser{lines: lines}
	doc := &Document{raw: b}
	if err := p.header(&doc.Header); err != nil {
		return nil, err
	}
	if err := doc.Header.check(); err != nil {
		return nil, err
	}
	if want := doc.Header.Format(); p.format != want {
		return nil, broken("F-35", 1, "the format is %s; expected %s for these sources", p.format, want)
	}
	for _, line := range lines[:p.next] {
		doc.header += len(line) + 1
	}
	if err := p.body(doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// split checks the bytes against F-1, F-2, F-3 and F-6, and splits them into
// lines.
func split(b []byte) ([]string, error) {
	if len(b) > MaxDocument {
		return nil, broken("F-1", 0, "it has more than %d bytes", MaxDocument)
	}
	for i, c := range b {
		if c != '\n' && (c < 0x20 || c > 0x7e) {
			return nil, broken("F-2", bytes.Count(b[:i], []byte("\n"))+1, "it contains a byte that is neither LF nor printable ASCII (%#04x)", c)
		}
	}
	if !bytes.HasSuffix(b, []byte("\n")) {
		return nil, broken("F-2", 0, "it does not end with LF")
	}
	lines := strings.Split(string(b[:len(b)-1]), "\n")
	for i, line := range lines {
		switch {
		case len(line) > MaxLine:
			return nil, broken("F-3", i+1, "it has more than %d bytes", MaxLine)
		case strings.HasPrefix(line, " "), strings.HasSuffix(line, " "), strings.Contains(line, "  "):
			return nil, broken("F-6", i+1, "expected one space between words, and no space at the start or end")
		}
	}
	return lines, nil
}

// A parser reads the lines of a document in order. next is the index of the
// next line.
type parser struct {
	lines  []string
	next   int
	words  []string // of the line that was taken
	format string   // the first line
}

// take consumes the next line if its first word is keyword, and returns the
// other words, until it is called again.
func (p *parser) take(keyword string) ([]string, bool) {
	if p.next >= len(p.lines) {
		return nil, false
	}
	p.words = slices.AppendSeq(p.words[:0], strings.SplitSeq(p.lines[p.next], " "))
	if p.words[0] != keyword {
		return nil, false
	}
	p.next++
	return p.words[1:], true
}

func (p *parser) header(h *Header) error {
	if p.lines[0] != Bundle1 && p.lines[0] != Bundle2 {
		return broken("F-4", 1, "unknown format %q; expected %q or %q", clip(p.lines[0]), Bundle1, Bundle2)
	}
	p.format, p.next = p.lines[0], 1
	var mode string
	settings := []struct {
		keyword string
		to      *string
	}{{"bundle", &h.Bundle}, {"environment", &h.Environment}, {"function", &h.Function}, {"name", &h.Name}, {"mode", &mode}}
	for _, s := range settings {
		words, ok := p.take(s.keyword)
		if !ok || len(words) != 1 {
			return broken("F-5", p.at(ok), "expected a %s line with one value", s.keyword)
		}
		*s.to = words[0]
	}
	h.Mode = Mode(mode)
	h.Sources = make([]Source, 0, min(p.count("source "), MaxSources))
	for words, ok := p.take("source"); ok; words, ok = p.take("source") {
		s, err := p.source(words)
		if err != nil {
			return err
		}
		h.Sources = append(h.Sources, s)
	}
	h.Boxes = make([]Box, 0, p.count("box "))
	for words, ok := p.take("box"); ok; words, ok = p.take("box") {
		box, err := box(words, p.next)
		if err != nil {
			return err
		}
		h.Boxes = append(h.Boxes, box)
	}
	if p.next >= len(p.lines) || p.lines[p.next] != "" {
		return broken("F-5", p.next+1, "expected source lines, then box lines, then an empty line")
	}
	p.next++
	return nil
}

// count returns how many of the next lines begin with start.
func (p *parser) count(start string) int {
	n := 0
	for p.next+n < len(p.lines) && strings.HasPrefix(p.lines[p.next+n], start) {
		n++
	}
	return n
}

// at returns the number of the line that take looked at: the line that it
// consumed, or the one that it did not.
func (p *parser) at(taken bool) int {
	if taken {
		return p.next
	}
	return p.next + 1
}

// source reads the words of the source line that was taken.
func (p *parser) source(words []string) (Source, error) {
	line, checks := p.next, ""
	if len(words) == 8 {
		words, checks = words[:7], words[7]
	}
	if len(words) != 7 || words[2] != storeParameters && (words[2] != storeSecrets || p.format == Bundle1) {
		return Source{}, broken("F-5", line, "expected source SECRET ENCODING STORE ARN VERSION DATE FIELD [CHECKS]")
	}
	s := Source{Secret: words[0], Encoding: words[1], ARN: words[3], Field: words[6], Checks: checks}
	var err error
	if words[2] == storeSecrets {
		s.ID = words[4]
	} else if s.Version, err = strconv.ParseInt(words[4], 10, 64); err != nil || strconv.FormatInt(s.Version, 10) != words[4] {
		return Source{}, broken("F-13", line, "%q is not a valid version", clip(words[4]))
	}
	if s.Modified, err = time.Parse(dateLayout, words[5]); err != nil || s.Modified.Format(dateLayout) != words[5] {
		return Source{}, broken("F-14", line, "%q is not a valid date", clip(words[5]))
	}
	switch {
	case s.Field == "-":
		s.Field = ""
	case strings.HasPrefix(s.Field, "/") && p.format == Bundle1:
		return Source{}, broken("F-15", line, "%q is not a valid field", clip(s.Field))
	}
	return s, nil
}

func box(words []string, line int) (Box, error) {
	if len(words) == 0 {
		return Box{}, broken("F-16", line, "the box names no secret")
	}
	part, parts, ok := strings.Cut(words[len(words)-1], "/")
	if !ok {
		return Box{Secrets: slices.Clone(words)}, nil
	}
	i, err1 := strconv.Atoi(part)
	n, err2 := strconv.Atoi(parts)
	if err1 != nil || err2 != nil || i < 1 || n < 1 || strconv.Itoa(i) != part || strconv.Itoa(n) != parts {
		return Box{}, broken("F-16", line, "%q is not a valid part", clip(words[len(words)-1]))
	}
	return Box{Secrets: slices.Clone(words[:len(words)-1]), Part: i, Parts: n}, nil
}

func (p *parser) body(doc *Document) error {
	words, ok := p.take("key")
	if !ok || len(words) != 1 {
		return broken("F-5", p.at(ok), "expected a key line with one value")
	}
	if doc.key, ok = parseKeyARN(words[0]); !ok {
		return broken("F-19", p.next, "%q is not the ARN of a KMS key", clip(words[0]))
	}
	doc.Key = words[0]
	for i, s := range doc.Header.Sources {
		from, _ := parseARN(s.ARN)
		if from.partition != doc.key.partition || from.region != doc.key.region {
			return broken("F-20", firstSource+i, "the source of %s is not in the partition and region of the key", s.Secret)
		}
	}
	rest := p.lines[p.next:]
	if len(rest) != len(doc.Header.Boxes) {
		return broken("F-21", p.next+1, "expected one ciphertext line per box (%d), found %d", len(doc.Header.Boxes), len(rest))
	}
	for i, line := range rest {
		c, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(c) == 0 || len(c) > MaxCiphertext {
			return broken("F-21", p.next+i+1, "expected 1 to %d bytes in base64", MaxCiphertext)
		}
		doc.Ciphertexts = append(doc.Ciphertexts, c)
	}
	return nil
}

// clip shortens a word of the document for an error message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
