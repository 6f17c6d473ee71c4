package view

import (
	"bytes"
	_ "embed" // for the pages
	"html/template"
	"io"
	"time"
)

//go:embed page.html.tmpl
var pageHead string

// writePage writes an HTML page from its template, which can use the head of all pages. A page that fails is not begun.
func writePage(w io.Writer, name, text string, data any, functions template.FuncMap) error {
	page, err := template.New(name).Funcs(functions).Parse(text)
	if err == nil {
		_, err = page.New("page").Parse(pageHead)
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// whenOf is the time of a page.
func whenOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
