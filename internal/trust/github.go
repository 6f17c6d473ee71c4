package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/whispering/bundle/internal/plainfile"
)

// mostEvent is more bytes than GitHub sends: its payloads have at most 25 MB.
const mostEvent = 32 << 20

// ownEvents are the events whose code comes from the repository itself
// (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows).
var ownEvents = []string{"push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "merge_group", "create", "deployment"}

// gitHub reads the event of a workflow run. A pull_request_target run has the
// rights of the base repository, but a pull request can choose its content
// (https://docs.github.com/en/actions/reference/security/secure-use). The script
// of the action has the same list, and a test compares them.
func gitHub(e environment) Verdict {
	switch name := e.get("GITHUB_EVENT_NAME"); {
	case slices.Contains(ownEvents, name):
		return Verdict{}
	case name == "":
		return unknown("the variable GITHUB_EVENT_NAME is not set")
	case name == "pull_request_target":
		return stranger("the event is pull_request_target")
	case slices.Contains([]string{"pull_request", "pull_request_review", "pull_request_review_comment"}, name):
		return pullRequest(e)
	case name == "workflow_run":
		return afterRun(e)
	default:
		return unknown(fmt.Sprintf("the event is %.40q, which anyone can trigger", name))
	}
}

// A repository is a repository in an event.
type repository struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
}

func (r *repository) side() side {
	if r == nil {
		return side{}
	}
	s := side{name: r.FullName}
	if r.ID != 0 {
		s.id = strconv.FormatInt(r.ID, 10)
	}
	return s
}

func pullRequest(e environment) Verdict {
	var event struct {
		PullRequest struct {
			Head *struct{ Repo *repository }
			Base struct{ Repo *repository }
		} `json:"pull_request"`
	}
	if err := readEvent(e, &event); err != nil {
		return unknown(unreadable(err))
	}
	const what = "the pull request"
	switch head := event.PullRequest.Head; {
	case head == nil:
		return compare(what, side{}, side{})
	case head.Repo == nil:
		return stranger(what + " comes from another repository, which was deleted")
	default:
		return compare(what, head.Repo.side(), event.PullRequest.Base.Repo.side())
	}
}

// afterRun is for a workflow_run event: the run's code comes from the repository, but
// what it downloads from the run before it can come from elsewhere.
func afterRun(e environment) Verdict {
	var event struct {
		WorkflowRun *struct {
			Head *repository `json:"head_repository"`
		} `json:"workflow_run"`
		Repository *repository
	}
	if err := readEvent(e, &event); err != nil {
		return unknown(unreadable(err))
	}
	const what = "the workflow run before this one"
	if run := event.WorkflowRun; run != nil {
		if run.Head == nil {
			return stranger(what + " comes from another repository, which was deleted")
		}
		if v := compare(what, run.Head.side(), event.Repository.side()); v.Answer != Trusted {
			return v
		}
	}
	return unknown("the event is workflow_run, and what triggered the other run is not known")
}

func readEvent(e environment, event any) error {
	if e("GITHUB_EVENT_PATH") == "" {
		return errors.New("GITHUB_EVENT_PATH is not set")
	}
	b, err := plainfile.Read(e("GITHUB_EVENT_PATH"), mostEvent)
	if err != nil {
		return err
	}
	if json.Unmarshal(b, event) != nil {
		return fmt.Errorf("%q is not a JSON event file", e("GITHUB_EVENT_PATH")) // nothing of its content
	}
	return nil
}

func unreadable(err error) string {
	return fmt.Sprintf("the event of this workflow run cannot be read (%v)", err)
}
