package values

import (
	"context"
	"errors"
	"io"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/secret"
)

// ReadOne reads the value of a name: from a file, if one is named, else from a prompt, if
// standard input is a terminal, else from standard input. typed is true for a prompt.
// Values never come from the command line, which other processes can read.
func ReadOne(ctx context.Context, con *console.Console, name, file string) (value secret.Value, typed bool, err error) {
	const most = 64 << 10
	var b []byte
	switch {
	case file != "":
		b, err = plainfile.Read(file, most)
	case con.Attended():
		typed = true
		b, err = con.Ask(ctx, "Value of "+name+" (not shown): ")
	default:
		b, err = readInput(con, most, "64 KiB")
	}
	if ctx.Err() != nil {
		return secret.Value{}, false, ctx.Err()
	}
	if typed && errors.Is(err, io.EOF) {
		return secret.Value{}, false, console.Usagef("no value was given: nothing was written")
	}
	if err != nil {
		return secret.Value{}, false, console.Usagef("the value cannot be read: %v. Without --from it comes from standard input.", pipeline.Cause(err))
	}
	return secret.New(b), typed, nil
}
