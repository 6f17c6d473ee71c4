package secretsmanager

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func inList(names ...string) map[string]any {
	var all []any
	for _, name := range names {
		all = append(all, map[string]any{"ARN": place + name + "-a1B2c3", "Name": name})
	}
	return map[string]any{"SecretList": all}
}

func TestSecretsBelowFolders(t *testing.T) {
	f := newFake(t, func(in request) answer {
		if in.NextToken == "" {
			return answer{200, changed(inList("prod/a/db"), map[string]any{"NextToken": "more"})}
		}
		return answer{200, inList("prod/b/x-y", "prod/a/db")}
	})
	names, err := source(f.URL).Listing(config(f.URL)).Below(t.Context(), []string{"prod/a", "prod/b"})
	if err != nil || !slices.Equal(names, []string{"prod/a/db", "prod/b/x-y"}) {
		t.Errorf("%q, %v", names, err)
	}
	var folders []string
	for i := range 21 {
		folders = append(folders, fmt.Sprintf("prod/%d", i))
	}
	f = newFake(t, func(request) answer { return answer{200, map[string]any{"SecretList": []any{}}} })
	if names, err := source(f.URL).Listing(config(f.URL)).Below(t.Context(), folders); err != nil || len(names) > 0 || len(f.asked()) != 3 {
		t.Errorf("%q, %v after %d calls", names, err, len(f.asked()))
	}
}

func TestListsOfSecretsThatAreNoAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		reply answer
		want  error
	}{
		"denied":              {refusal("AccessDeniedException", user+"secretsmanager:ListSecrets because no identity-based policy allows the secretsmanager:ListSecrets action"), ErrDenied},
		"a token of nobody":   {refusal("InvalidNextTokenException", canary), ErrReply},
		"not asked for":       {answer{200, inList("prod/other/db")}, ErrReply},
		"a folder like it":    {answer{200, inList("prod/ab/db")}, ErrReply},
		"another's ARN":       {answer{200, map[string]any{"SecretList": []any{map[string]any{"ARN": place + "prod/b/db-a1B2c3", "Name": "prod/a/db"}}}}, ErrReply},
		"another account":     {answer{200, map[string]any{"SecretList": []any{map[string]any{"ARN": strings.Replace(place, account, "333333333333", 1) + "prod/a/db-a1B2c3", "Name": "prod/a/db"}}}}, ErrReply},
		"no ARN":              {answer{200, map[string]any{"SecretList": []any{map[string]any{"Name": "prod/a/db"}}}}, ErrReply},
		"a list that goes on": {answer{200, changed(inList("prod/a/db"), map[string]any{"NextToken": "more"})}, ErrReply},
		"no JSON":             {answer{200, canary}, ErrUnavailable},
	} {
		f := newFake(t, func(request) answer { return tt.reply })
		names, err := source(f.URL).Listing(config(f.URL)).Below(t.Context(), []string{"prod/a"})
		if !errors.Is(err, tt.want) || names != nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %q, %v", name, names, err)
		}
	}
}

// A client that lists reads nothing, and one that reads lists nothing.
func TestListingOnlyLists(t *testing.T) {
	f := newFake(t, honest)
	s := source(f.URL)
	l := s.Listing(config(f.URL))
	s.client, l.client = l.client, s.client
	if _, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), named("prod/db"), got) }); err == nil {
		t.Error("it reads")
	}
	if _, err := l.Below(t.Context(), []string{"prod"}); err == nil || len(f.asked()) > 0 {
		t.Errorf("it lists: %v, %q", err, f.asked())
	}
}
