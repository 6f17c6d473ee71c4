package main

import (
	"os"
	"testing"
	"time"
)

// TestPicture draws the picture of docs/performance.md again, from the table there.
func TestPicture(t *testing.T) {
	page, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readCurve(string(page))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile("../../docs/performance.svg"); err != nil || string(b) != drawn(all) {
		t.Errorf("docs/performance.svg is not drawn from the table of docs/performance.md: make bench (%v)", err)
	}
	for _, p := range all {
		if p.floor <= 0 || p.took <= 0 || p.calls < p.parameters/10 {
			t.Errorf("impossible: %+v", p)
		}
	}
}

// TestFloor calculates the floors that docs/performance.md explains.
func TestFloor(t *testing.T) {
	calls := map[string]int{"sts:GetCallerIdentity": 1, "kms:DescribeKey": 100, "ssm:GetParameters": 100, "kms:Encrypt": 100}
	if got := floor(calls); got != 13*20*time.Millisecond {
		t.Errorf("%v", got)
	}
	if got := quota(calls); got != 1500*time.Millisecond {
		t.Errorf("%v", got)
	}
}

// TestFloorOfBothStores calculates the floors of builds that read Parameter Store and Secrets Manager at once.
func TestFloorOfBothStores(t *testing.T) {
	calls := map[string]int{"sts:GetCallerIdentity": 1, "kms:DescribeKey": 50, "ssm:GetParameters": 25, "secretsmanager:DescribeSecret": 250}
	if got := unchanged(calls); got != 10*20*time.Millisecond {
		t.Errorf("%v", got)
	}
	calls = map[string]int{"sts:GetCallerIdentity": 1, "kms:DescribeKey": 50, "ssm:GetParameters": 25, "secretsmanager:GetSecretValue": 250, "kms:Encrypt": 50}
	if got := floor(calls); got != 13*20*time.Millisecond {
		t.Errorf("%v", got)
	}
}
