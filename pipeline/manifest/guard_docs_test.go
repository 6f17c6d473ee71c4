package manifest

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGuardDocumentationHasTheSchema(t *testing.T) {
	src, err := os.ReadFile(root + "/docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []attrSpec
	for _, row := range tableRow.FindAllStringSubmatch(string(src), -1) {
		got = append(got, attrSpec{row[1], kind(row[2]), row[3] == "required"})
	}
	if diff := cmp.Diff(guardSpec().blocks[0].attrs, got, cmp.AllowUnexported(attrSpec{})); diff != "" {
		t.Errorf("-schema +documentation:\n%s", diff)
	}
}
