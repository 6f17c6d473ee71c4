// Command initcheck imports all files in a folder of checkouts as bundle init does, and compares the result with a plain
// scan of its own: every reference to a parameter must be taken over or named, none may be lost or invented, and every
// manifest must validate. It prints what is wrong, and writes a table of counts, without anything from the files.
//
//	go run ./internal/initcheck [-write FILE] [-v] DIR
//
// DIR has a folder OWNER+NAME for each repository. DIR/index.tsv, if there is one, lists the files to import: repository,
// commit, path and kind, in columns. Otherwise, all YAML, JSON and dotenv files are tried.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/docpage"
)

func main() {
	write := flag.String("write", "", "the page to write the table to")
	verbose := flag.Bool("v", false, "print a line for each file")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: initcheck [-write FILE] [-v] DIR")
		os.Exit(2)
	}
	sources, err := list(flag.Arg(0))
	if err == nil {
		var table string
		var wrong int
		table, wrong = report(sources, *verbose)
		switch {
		case *write != "":
			err = docpage.Put(*write, "initcheck", table)
		default:
			fmt.Print(table)
		}
		if wrong > 0 {
			err = fmt.Errorf("%d things are wrong", wrong)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "initcheck:", err)
		os.Exit(1)
	}
}

// A source is a file of a repository.
type source struct{ repository, commit, path, file string }

// list returns the files of a folder of checkouts.
func list(dir string) ([]source, error) {
	index, err := os.Open(filepath.Join(dir, "index.tsv"))
	if err != nil {
		return walkAll(dir)
	}
	defer index.Close()
	var all []source
	for lines := bufio.NewScanner(index); lines.Scan(); {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 3 || columns[0] == "repository" {
			continue
		}
		file := filepath.Join(dir, strings.ReplaceAll(columns[0], "/", "+"), filepath.FromSlash(columns[2]))
		all = append(all, source{columns[0], columns[1], columns[2], file})
	}
	return all, nil
}

func walkAll(dir string) (all []source, err error) {
	checkouts, err := os.ReadDir(dir)
	for _, checkout := range checkouts {
		if !checkout.IsDir() {
			continue
		}
		root := filepath.Join(dir, checkout.Name())
		commit, _ := exec.Command("git", "-C", root, "rev-parse", "HEAD").Output()
		err = cmp.Or(err, filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && !strings.Contains(file, "/.git/") {
				below, _ := filepath.Rel(root, file)
				all = append(all, source{strings.Replace(checkout.Name(), "+", "/", 1), strings.TrimSpace(string(commit)), below, file})
			}
			return err
		}))
	}
	return all, err
}

// A row has the counts of a repository.
type row struct {
	commit                                                string
	files, references, taken, named, elsewhere, manifests int
}

func (r *row) add(other row) {
	r.files += other.files
	r.references += other.references
	r.taken += other.taken
	r.named += other.named
	r.elsewhere += other.elsewhere
	r.manifests += other.manifests
}

// report imports all sources, prints what is wrong, and returns the table.
func report(sources []source, verbose bool) (string, int) {
	rows := map[string]*row{}
	var total row
	wrong := 0
	for _, s := range sources {
		if !slices.Contains([]string{".yml", ".yaml", ".json"}, filepath.Ext(s.file)) && !strings.Contains(filepath.Base(s.file), ".env") {
			continue
		}
		r := check(s.file)
		if r == nil {
			continue
		}
		for _, fault := range r.wrong {
			fmt.Printf("%s %s: %s\n", s.repository, s.path, fault)
		}
		wrong += len(r.wrong)
		if verbose {
			fmt.Printf("- %s %s: %s references %d taken %d named %d elsewhere %d secrets %d %s\n", s.repository, s.path, r.kind, r.references, r.taken, r.named, r.elsewhere, r.secrets, r.refusal)
		}
		one := row{files: 1, references: r.references, taken: r.taken, named: r.named, elsewhere: r.elsewhere}
		if r.manifest {
			one.manifests = 1
		}
		if rows[s.repository] == nil {
			rows[s.repository] = &row{commit: s.commit}
		}
		rows[s.repository].add(one)
		total.add(one)
	}
	return table(rows, total), wrong
}

// table writes the rows of repositories that have references or manifests.
func table(rows map[string]*row, total row) string {
	var b strings.Builder
	b.WriteString("| repository, commit | files | references | taken over | named | elsewhere | manifests |\n|---|--:|--:|--:|--:|--:|--:|\n")
	line := func(name string, r row) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", name, r.files, r.references, r.taken, r.named, r.elsewhere, r.manifests)
	}
	for _, name := range slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
	}) {
		r := rows[name]
		if r.references+r.elsewhere+r.manifests > 0 {
			line(fmt.Sprintf("github.com/%s %.7s", name, r.commit), *r)
		}
	}
	line(fmt.Sprintf("**all %d repositories**", len(rows)), total)
	return b.String()
}
