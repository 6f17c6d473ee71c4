# What CI runs, and what a contributor may want singly.
.PHONY: test lint bench fuzz ci

test:
	go test ./...

lint:
	gofmt -l . | (! grep .)
	go vet ./...
	golangci-lint run ./...

# Prints how long a build takes, as ratios to the least that the calls need.
bench:
	go test -run '^$$' -bench . -benchtime 3x ./cmd/bundle ./pipeline/... ./internal/awslocal

# Fuzzes every decoder for a minute each.
fuzz:
	@for p in ./layerbuild ./layerbuild/sealed ./pipeline/manifest ./pipeline/secret ./internal/awslocal/kms ./internal/awslocal/iam; do \
	  for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz); do \
	    echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$p || exit 1; \
	  done; \
	done

ci:
	.ci/run
