package secretsmanager

import (
	"os"
	"testing"

	"github.com/whispering/bundle/internal/goroutines"
)

func TestMain(m *testing.M) { os.Exit(goroutines.Main(m, os.Stderr)) }
