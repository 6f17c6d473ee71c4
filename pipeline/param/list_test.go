package param

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages answers with one page after another. A page with the token "" is the last.
func pages(t *testing.T, f func(in request, n int) (names []string, token string)) *fake {
	return newFake(t, func(in request) answer {
		n, _ := strconv.Atoi(in.NextToken)
		names, token := f(in, n)
		parameters := []map[string]any{}
		for _, name := range names {
			parameters = append(parameters, parameter(name, nil))
		}
		body := map[string]any{"Parameters": parameters}
		if token != "" {
			body["NextToken"] = token
		}
		return answer{200, body}
	})
}

func TestListReadsEveryPage(t *testing.T) {
	f := pages(t, func(in request, n int) ([]string, string) {
		if in.Operation != "GetParametersByPath" || in.Path != "/a/b/" || !in.Recursive || in.WithDecryption || in.MaxResults != 10 {
			t.Errorf("asked %+v", in)
		}
		return [][]string{{"/a/b/z", "/a/b/c/d"}, {}, {"/a/b/a"}, {}}[n], []string{"1", "2", "3", ""}[n]
	})
	got, err := source(f.URL).List(t.Context(), "/a/b/", true)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range got {
		names = append(names, p.Ref.String())
		if p.Value.Reveal() != nil || p.Type != "SecureString" || p.Version.Number != 7 || p.Version.ARN == "" || p.Version.Modified.IsZero() {
			t.Errorf("got %+v", p)
		}
	}
	if !slices.Equal(names, []string{"/a/b/a", "/a/b/c/d", "/a/b/z"}) {
		t.Errorf("got %v", names)
	}
	if len(f.asked()) != 4 {
		t.Errorf("%d calls", len(f.asked()))
	}
}

func TestAnEmptyListIsNoError(t *testing.T) {
	f := pages(t, func(request, int) ([]string, string) { return nil, "" })
	if got, err := source(f.URL).List(t.Context(), "/a/b", false); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestListRefusesWhatWasNotRequested(t *testing.T) {
	for name, f := range map[string]func(request, int) ([]string, string){
		"elsewhere":       func(request, int) ([]string, string) { return []string{"/a/other/x"}, "" },
		"sibling":         func(request, int) ([]string, string) { return []string{"/a/bc"}, "" },
		"itself":          func(request, int) ([]string, string) { return []string{"/a/b"}, "" },
		"no name":         func(request, int) ([]string, string) { return []string{"/a/b/"}, "" },
		"further down":    func(request, int) ([]string, string) { return []string{"/a/b/c/d"}, "" },
		"twice":           func(request, int) ([]string, string) { return []string{"/a/b/c", "/a/b/c"}, "" },
		"twice in pages":  func(_ request, n int) ([]string, string) { return []string{"/a/b/c"}, strconv.Itoa(n + 1) },
		"round in circle": func(_ request, n int) ([]string, string) { return nil, strconv.Itoa((n + 1) % 3) },
		"without end":     func(_ request, n int) ([]string, string) { return nil, strconv.Itoa(n + 1) },
		"too many": func(_ request, n int) ([]string, string) {
			var names []string
			for i := range 10 {
				names = append(names, fmt.Sprintf("/a/b/p%d", 10*n+i))
			}
			return names, strconv.Itoa(n + 1)
		},
	} {
		if got, err := source(pages(t, f).URL).List(t.Context(), "/a/b", false); !errors.Is(err, ErrReply) || got != nil || !strings.Contains(err.Error(), requestID) {
			t.Errorf("%s: %d parameters, %v", name, len(got), err)
		}
	}
}

// The list can have as many parameters as an account.
func TestListAcceptsAsManyAsAnAccountCanHave(t *testing.T) {
	f := pages(t, func(_ request, n int) (names []string, token string) {
		for i := range batchSize {
			names = append(names, fmt.Sprintf("/a/b/p%05d", batchSize*n+i))
		}
		if n+1 < maxListed/batchSize {
			token = strconv.Itoa(n + 1)
		}
		return names, token
	})
	got, err := source(f.URL).List(t.Context(), "/a/b", false)
	if err != nil || len(got) != maxListed {
		t.Errorf("%d parameters, %v", len(got), err)
	}
}

func TestListNamesItsErrors(t *testing.T) {
	for code, want := range map[string]error{
		"AccessDeniedException": ErrDenied, "ThrottlingException": ErrUnavailable, "InternalServerError": ErrUnavailable,
		"ExpiredTokenException": ErrCredentials, "ValidationException": ErrReply, "InvalidNextToken": ErrReply,
	} {
		f := newFake(t, func(request) answer { return refusal(code, "the message") })
		if _, err := source(f.URL).List(t.Context(), "/a/b", false); !errors.Is(err, want) || !strings.Contains(err.Error(), code) || strings.Contains(err.Error(), "the message") {
			t.Errorf("%s: %v, want %v", code, err, want)
		}
	}
}

// AWS returns empty pages while it is still searching, but not forever.
func TestListsOfEmptyPagesEnd(t *testing.T) {
	for name, c := range map[string]struct {
		list  func(s *Source) error
		pages int
	}{
		"a path":                   {func(s *Source) error { _, err := s.List(t.Context(), "/z/p", true); return err }, maxEmpty},
		"a path, of SecureStrings": {func(s *Source) error { _, err := (&Blind{s}).List(t.Context(), "/z/p", true); return err }, maxFiltered},
		"descriptions":             {func(s *Source) error { _, err := s.Describe(t.Context(), []string{"/z/p"}, nil); return err }, maxFiltered},
	} {
		n := 0
		f := newFake(t, func(request) answer {
			n++
			return answer{200, map[string]any{"Parameters": []any{}, "NextToken": strconv.Itoa(n)}}
		})
		if err := c.list(source(f.URL)); !errors.Is(err, ErrReply) || n != c.pages || !strings.Contains(err.Error(), requestID) {
			t.Errorf("%s: %v after %d pages", name, err, n)
		}
	}
}
