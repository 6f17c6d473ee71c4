package secretsmanager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/pacing"
)

// dates lists the versions of one name.
func (f *fake) dates(t *testing.T, name string) (all Dated, err error) {
	t.Helper()
	n := 0
	err = source(f.URL).Dates(t.Context(), append(named(name), at(name, "stable", "")), func(d Dated) { all, n = d, n+1 })
	if err == nil && n != 1 {
		t.Errorf("%d results", n)
	}
	return all, err
}

// page is a page of the versions of prod/db.
func page(next string, versions ...any) map[string]any {
	reply := map[string]any{"ARN": place + "prod/db-a1B2c3", "Name": "prod/db", "Versions": versions}
	if next != "" {
		reply["NextToken"] = next
	}
	return reply
}

func listed(id string, created any) any {
	return map[string]any{"VersionId": id, "CreatedDate": created, "VersionStages": []string{"AWSCURRENT"}}
}

func TestDatesOfAllVersions(t *testing.T) {
	pages := map[string]map[string]any{
		"": page("a", listed(first, 1761998300)), "a": page("b"), "b": page("c", listed("short", 1761998300)), "c": page("", listed(second, 1761998400.1239)),
	}
	f := newFake(t, func(in request) answer { return answer{200, pages[in.NextToken]} })
	all, err := f.dates(t, "prod/db")
	if err != nil || all.Err != nil || all.Name != "prod/db" || all.ARN != place+"prod/db-a1B2c3" || len(all.Created) != 3 ||
		all.Created[second] != time.Date(2025, 11, 1, 12, 0, 0, 123e6, time.UTC) {
		t.Errorf("%v, %+v", err, all)
	}
	if asked := strings.Join(f.asked(), ", "); asked != "ListSecretVersionIds prod/db deprecated, ListSecretVersionIds prod/db deprecateda, "+
		"ListSecretVersionIds prod/db deprecatedb, ListSecretVersionIds prod/db deprecatedc" {
		t.Errorf("asked %s", asked)
	}
}

func TestBadListsAreRefused(t *testing.T) {
	many := func() (all []any) {
		for i := range listSize {
			all = append(all, listed(fmt.Sprintf("%032d", i), 1761998300))
		}
		return all
	}
	n := 0
	lists := map[string]func(request) answer{
		"a version twice": func(request) answer { return answer{200, page("", listed(first, 1), listed(first, 2))} },
		"a version on two pages": func(in request) answer {
			return answer{200, page(map[string]string{"": "a"}[in.NextToken], listed(first, 1))}
		},
		"a version without a date":      func(request) answer { return answer{200, page("", listed(first, nil))} },
		"a version with a text as date": func(request) answer { return answer{200, page("", listed(first, canary))} },
		"a version without ID":          func(request) answer { return answer{200, page("", listed("", 1))} },
		"a version that is a text":      func(request) answer { return answer{200, page("", canary)} },
		"a page that is repeated":       func(request) answer { return answer{200, page("a")} },
		"pages in a circle": func(in request) answer {
			return answer{200, page(map[string]string{"": "a", "a": "b", "b": "a"}[in.NextToken])}
		},
		"pages without end": func(request) answer { n++; return answer{200, page(fmt.Sprint(n))} },
		"versions without end": func(request) answer {
			n++
			all := many()
			for i := range all {
				all[i].(map[string]any)["VersionId"] = fmt.Sprintf("%032d", n*listSize+i)
			}
			return answer{200, page(fmt.Sprint(n), all...)}
		},
		"a token of another type": func(request) answer { return answer{200, changed(page(""), map[string]any{"NextToken": 7})} },
		"another secret on the second page": func(in request) answer {
			if in.NextToken == "" {
				return answer{200, page("a")}
			}
			return answer{200, changed(page(""), map[string]any{"ARN": place + "prod/db-zzzzzz"})}
		},
	}
	for name, b := range everywhere() {
		lists[name] = func(request) answer { return b.reply(page("")) }
	}
	for name, reply := range lists {
		f := newFake(t, reply)
		all, err := f.dates(t, "prod/db")
		if most := map[string]int{"pages in a circle": 3, "versions without end": maxVersions/listSize + 1, "pages without end": maxPages}[name]; len(f.asked()) > max(most, 2) {
			t.Errorf("%s: %d calls", name, len(f.asked()))
		}
		if err != nil || !errors.Is(all.Err, ErrReply) || all.Created != nil || all.ARN != "" {
			t.Errorf("%s: %v, %+v", name, err, all)
		} else if strings.Contains(all.Err.Error(), canary) || strings.ContainsAny(all.Err.Error(), "\x00\x1b\n") {
			t.Errorf("%s is shown: %v", name, all.Err)
		}
	}
}

func TestRefusedListsAreExplained(t *testing.T) {
	for name, tt := range map[string]struct {
		reply answer
		want  error
		calls int
	}{
		"no secret": {refusal(notFound, absent), ErrMissing, 2},
		"deleted":   {refusal(invalidRequest, deletion), ErrDeleted, 2},
		"denied":    {refusal("AccessDeniedException", user+"secretsmanager:ListSecretVersionIds on resource: prod/db"), ErrDenied, 1},
	} {
		f := newFake(t, func(in request) answer {
			switch {
			case in.Operation != "DescribeSecret":
				return tt.reply
			case errors.Is(tt.want, ErrDeleted):
				return answer{200, changed(description("prod/db"), map[string]any{"DeletedDate": 1761998400})}
			}
			return refusal(notFound, absent)
		})
		all, err := f.dates(t, "prod/db")
		if err != nil || !errors.Is(all.Err, tt.want) || len(f.asked()) != tt.calls {
			t.Errorf("%s: %v, %v after %q", name, err, all.Err, f.asked())
		}
	}
	f := newFake(t, func(request) answer { return refusal("ThrottlingException", "Rate exceeded") })
	if _, err := f.dates(t, "prod/db"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("throttled: %v", err)
	}
	all, err := f.dates(t, "arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-a1B2c3")
	if err != nil || !errors.Is(all.Err, ErrReply) || len(f.asked()) != 1 {
		t.Errorf("elsewhere: %v, %v after %q", err, all.Err, f.asked())
	}
}

// ListSecretVersionIds waits for its own quota, and the other calls do not.
func TestListsHaveTheirOwnPace(t *testing.T) {
	f := newFake(t, honest)
	s := source(f.URL)
	s.listing = pacing.New(0, 1).Of("ListSecretVersionIds") // one call, and no more
	s.client = secretsmanager.NewFromConfig(config(f.URL), s.paced)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	none := func(Dated) { t.Error("a result") }
	if err := s.Dates(ctx, named("prod/db"), func(Dated) {}); err != nil {
		t.Error(err)
	}
	if err := s.Dates(ctx, named("prod/db"), none); !errors.Is(err, ErrUnavailable) || len(f.asked()) != 1 {
		t.Errorf("%v after %q", err, f.asked())
	}
	if err := s.Versions(t.Context(), named("prod/db"), func(Result) {}); err != nil || len(f.asked()) != 2 {
		t.Errorf("%v after %q", err, f.asked())
	}
}

// Sources of one account and region share its quotas.
func TestSourcesOfOneAccountShareTheirPaces(t *testing.T) {
	s := source("http://127.0.0.1:1")
	for name, other := range map[string]*Source{
		"looking": s.Looking(config("")), "beside": New(config(""), Options{Account: account, Beside: s}),
	} {
		if other.listing != s.listing || other.pacer != s.pacer {
			t.Errorf("%s: another pace", name)
		}
	}
}
