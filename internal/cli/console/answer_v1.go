package console

import (
	"bytes"
	"encoding/json"
)

// --json=1 prints the format of the previous release: only the result, as soon as there is one, and nothing about
// failures. Remove after one release: this file, internal/cli/batch/summary_v1.go, internal/cli/view/several_v1.go, Job.Gather
// and its uses, and 1 in answerForm.

// Version1 reports whether --json=1 was given.
func (c *Console) Version1() bool { return c.answer.format == 1 }

// InVersion1 returns a result in the format of --json=1, with its own format_version.
func InVersion1(result any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(result); err != nil {
		return nil, err
	}
	return append([]byte(`{"format_version":1,`), bytes.TrimPrefix(b.Bytes(), []byte("{"))...), nil
}

func (c *Console) printVersion1(result any) error {
	versioned, err := InVersion1(result)
	if err != nil {
		return err
	}
	return c.PrintJSON(versioned)
}
