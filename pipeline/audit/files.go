package audit

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/plainfile"
)

// Limits on files of a trail, in bytes. CloudTrail's own limit for a record is 256 KB:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
const (
	maxRecord = 1 << 20
	maxFile   = 4 << 30 // after decompression
)

// ErrFile reports a file that is not one of CloudTrail.
var ErrFile = errors.New("it is not a file of CloudTrail")

// Files lists the files of a trail that a path names: the file itself, or those below a folder whose names end in .json or .json.gz, in
// order. Digest files of CloudTrail, which have no events, are left out.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var all []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && strings.HasPrefix(base, "CloudTrail-Digest") {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() && (strings.HasSuffix(base, ".json") || strings.HasSuffix(base, ".json.gz")) {
			all = append(all, name)
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// ReadFile calls each with every record of a file of a trail, which can be compressed with gzip, or of the output of aws cloudtrail
// lookup-events. It keeps one record in memory at a time. Its errors wrap ErrFile, the context's error or that of the file system.
func ReadFile(ctx context.Context, path string, each func(record []byte)) error {
	f, err := os.Open(path) //nolint:gosec // the command line names it
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil {
		err = plainfile.Check(info.Mode())
	}
	if err != nil {
		return err
	}
	return Read(ctx, f, each)
}

// Read is ReadFile for the content of a file.
func Read(ctx context.Context, content io.Reader, each func(record []byte)) error {
	in := bufio.NewReader(content)
	var plain io.Reader = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%w: it is damaged", ErrFile)
		}
		plain = unpacked
	}
	l := &limited{in: plain, file: maxFile}
	d := json.NewDecoder(l)
	err := records(ctx, d, l, each)
	switch {
	case err == nil, errors.Is(err, ErrFile), ctx.Err() != nil:
		return err
	case errors.Is(err, errTooLong):
		return fmt.Errorf("%w: %w", ErrFile, err)
	}
	return fmt.Errorf("%w: it is damaged, or not JSON", ErrFile) // the decoder would quote it
}

var errTooLong = errors.New("a record has more than 1 MiB, or the file more than 4 GiB")

// limited reads what is left of a record and of a file.
type limited struct {
	in           io.Reader
	record, file int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.record <= 0 || l.file <= 0 {
		return 0, errTooLong
	}
	p = p[:min(len(p), l.record, l.file)]
	n, err := l.in.Read(p)
	l.record, l.file = l.record-n, l.file-n
	return n, err
}

// next allows one more record. What the decoder has read ahead counts for the one before, so that a record can have up to twice as much.
func (l *limited) next() { l.record = maxRecord }

// records reads {"Records": [...]} or {"Events": [{"CloudTrailEvent": "..."}]}.
func records(ctx context.Context, d *json.Decoder, l *limited, each func([]byte)) error {
	l.next()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return ErrFile
	}
	found := false
	for d.More() {
		l.next()
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name != "Records" && name != "Events" {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		found = true
		if start, err := d.Token(); err != nil || start != json.Delim('[') {
			return ErrFile
		}
		for d.More() {
			if err := ctx.Err(); err != nil {
				return err
			}
			l.next()
			var one json.RawMessage
			if err := d.Decode(&one); err != nil {
				return err
			}
			if name == "Events" {
				var event struct{ CloudTrailEvent string }
				if json.Unmarshal(one, &event) == nil {
					one = []byte(event.CloudTrailEvent)
				}
			}
			each(one)
		}
		if _, err := d.Token(); err != nil { // the end of the list
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: it has no Records", ErrFile)
	}
	return nil
}
