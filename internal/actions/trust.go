// Package actions speaks to GitHub Actions: it reads what a workflow run is
// about from the variables that the runner sets
// (https://docs.github.com/en/actions/reference/workflows-and-actions/variables).
package actions

import (
	"encoding/json"
	"fmt"
	"os"
)

// Untrusted says why the code of this run may be a stranger's, or "" where it
// is not, or where there is no GitHub Actions. A pull_request_target run has
// the rights of the base repository while a pull request chose its content;
// a pull request from a fork is anybody's, and so is what a workflow_run may
// have fetched of one.
// (https://docs.github.com/en/actions/reference/security/secure-use).
//
// It fails where the event cannot be read: then nobody knows.
func Untrusted(getenv func(string) string) (reason string, err error) {
	if getenv("GITHUB_ACTIONS") != "true" {
		return "", nil
	}
	switch getenv("GITHUB_EVENT_NAME") {
	case "pull_request_target":
		return "the event is pull_request_target", nil
	case "pull_request", "pull_request_review", "pull_request_review_comment", "workflow_run":
	default:
		return "", nil
	}
	b, err := os.ReadFile(getenv("GITHUB_EVENT_PATH"))
	if err != nil {
		return "", err
	}
	type repository struct {
		FullName string `json:"full_name"`
	}
	var event struct {
		PullRequest struct {
			Head struct{ Repo *repository }
			Base struct{ Repo *repository }
		} `json:"pull_request"`
		WorkflowRun struct {
			Head *repository `json:"head_repository"`
		} `json:"workflow_run"`
		Repository *repository
	}
	if err := json.Unmarshal(b, &event); err != nil {
		return "", fmt.Errorf("%s: %w", getenv("GITHUB_EVENT_PATH"), err)
	}
	head, base, what := event.PullRequest.Head.Repo, event.PullRequest.Base.Repo, "the pull request comes"
	if getenv("GITHUB_EVENT_NAME") == "workflow_run" {
		head, base, what = event.WorkflowRun.Head, event.Repository, "the workflow run before this one comes"
	}
	if head == nil || base == nil || head.FullName != base.FullName {
		return what + " from another repository", nil
	}
	return "", nil
}
