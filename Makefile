# What CI runs, and what a contributor may want singly.
.PHONY: test lint bench fuzz exec release ci e2e-aws

test:
	go test ./...

lint:
	gofmt -l . | (! grep .)
	go vet ./...
	golangci-lint run ./...

# Prints how long builds take, as ratios to the least that their calls need ("×floor"), and what they cost in time and memory. It takes
# a minute or so, and means something on an idle machine only.
bench:
	go test -run '^$$' -bench . -benchtime 5x ./pipeline
	go test -run '^$$' -bench . -benchtime 3x ./pipeline/manifest ./internal/awslocal

# Fuzzes every decoder for a minute each.
fuzz:
	@for p in ./layerbuild ./layerbuild/sealed ./pipeline/manifest ./pipeline/secret ./internal/awslocal/kms ./internal/awslocal/iam ./internal/actions; do \
	  for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz); do \
	    echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$p || exit 1; \
	  done; \
	done

# The binaries of the exec wrapper, for both architectures, where a release embeds them from.
exec:
	go run ./runtime/execbin/make

# bundle as a release is built: it holds the exec wrapper and needs no Go toolchain.
release: exec
	CGO_ENABLED=0 go build -tags release -trimpath -ldflags "-s -w -X main.release=$(VERSION)" -o dist/bundle ./cmd/bundle

ci:
	.ci/run

# Runs the whole story against the AWS account that your credentials name, after asking: docs/e2e.md. It costs a few cents.
e2e-aws:
	@internal/e2e/e2e-aws.sh
