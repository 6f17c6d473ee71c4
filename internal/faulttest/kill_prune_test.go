//go:build unix

package faulttest

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// A deletion of layer versions that is killed in the middle, and run again, ends like one that was not: with the newest two.
func TestKilledPruneIsFinished(t *testing.T) {
	const versions = 6
	for nth, left := range map[int][]int64{1: {1, 2, 3, 4, 5, 6}, 3: {3, 4, 5, 6}} {
		s := newStage(t, newTemplate(t), &row{
			manifest: standard(),
			faults:   []awslocal.Fault{{Operation: "lambda:DeleteLayerVersion", Kind: awslocal.Hang, Nth: nth}},
		})
		client := lambda.NewFromConfig(s.config(s.admin))
		for range versions {
			_, err := client.PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
				LayerName: aws.String("shop"), Content: &types.LayerVersionContentInput{ZipFile: append([]byte("PK\x05\x06"), make([]byte, 18)...)},
				Description: aws.String("bundle shop, environment prod, sha256 " + strings.Repeat("0", 64)),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		has := func(want ...int64) {
			t.Helper()
			out, err := client.ListLayerVersions(t.Context(), &lambda.ListLayerVersionsInput{LayerName: aws.String("shop")})
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, v := range slices.Backward(out.LayerVersions) {
				got = append(got, v.Version)
			}
			if !slices.Equal(got, want) {
				t.Errorf("left are %d, not %d", got, want)
			}
		}
		prune := s.calling("prune", "--env", "prod", "--older-than", "0d", "--yes")
		got := s.interrupted(func(p *os.Process) {
			for range 1000 {
				if s.server.Calls()["lambda:DeleteLayerVersion"] == nth {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			_ = p.Signal(syscall.SIGKILL)
		}, prune...)
		if !got.signaled {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		has(left...)
		for range 2 { // the second of them changes nothing
			if got := s.run(prune...); got.code != 0 {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			has(versions-1, versions)
		}
	}
}
