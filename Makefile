# The parts of CI, for contributors to run one at a time.
.PHONY: test lint conformance-models recording bench bench-peers bench-deployed bench-opening initcheck scale sizes faults kill fuzz mutate exec helpers release notes snapshot ci e2e-aws

test:
	go test ./...

lint:
	gofmt -l . | (! grep .)
	go vet ./...
	golangci-lint run ./...

# Times whole processes beside those of a recorded commit, in turns, and writes the ratios into docs/performance.md. It takes
# some minutes, and is meaningful only on an idle machine.
bench:
	go run ./internal/bench -write docs/performance.md

# The same, beside chamber built from the checkout at CHAMBER.
bench-peers:
	@test -n "$(CHAMBER)" || { echo 'usage: make bench-peers CHAMBER=path/of/the/source' >&2; exit 2; }
	go run ./internal/bench -write docs/performance.md -peer "$(CHAMBER)"

# Runs bundle status --deployed in accounts of thousands of functions, at Lambda's quotas, and writes the table of docs/scale.md. It
# takes ten minutes.
bench-deployed:
	go run ./internal/bench -deployed -write docs/scale.md

# Times how a function gets its secrets from a layer, and from a stand-in for the AWS Parameters and Secrets extension, in turns, and writes
# the table of docs/from/secrets-manager.md.
bench-opening:
	go run ./internal/bench -opening -runs 15 -write docs/from/secrets-manager.md

# Runs bundle under every fault of docs/threat-model.md, and writes the table there. It takes a minute.
faults:
	go test ./internal/faulttest -run '^TestFaults$$' -count 1 -update
	@sed -n '/^<!-- faults -->/,/^<!-- end of faults -->/p' docs/threat-model.md

# Ends builds at random moments and in every phase, runs many at once, and takes the file system away. It takes some minutes, and
# prints what it found.
kill:
	go test ./internal/faulttest -run '^(TestKilled|TestSignals|TestBuildsAtOnce|TestFileSystem)' -count 1 -timeout 60m -v -full

# Runs bundle init on the files of a folder of checkouts, and writes the table of docs/init.md.
initcheck:
	@test -n "$(CHECKOUTS)" || { echo 'usage: make initcheck CHECKOUTS=folder/of/checkouts' >&2; exit 2; }
	go run ./internal/initcheck -write docs/init.md "$(CHECKOUTS)"

# Holds the embedded AWS against the service models of the botocore on PATH, or of the folder BOTOCORE, and lists what is newer there.
conformance-models:
	go test ./internal/awslocal -run '^TestModels$$' -count 1 -v -args -botocore "$(BOTOCORE)"

# Runs the commands of the recording in README.md, and writes docs/recording.svg, its transcript, and docs/way.svg.
recording:
	go test ./internal/picture -count 1 -update

# Writes the tables of docs/scale.md.
scale:
	go run ./internal/scale -write docs/scale.md

# Takes every permission away from the policies of services of every size, one at a time, and checks that it is missed. It takes
# some minutes.
sizes:
	BUNDLE_TEST_SIZES=1 go test ./pipeline/policy -run '^TestServicesOfEverySize' -count 1 -timeout 60m -v

# Fuzzes every decoder for a minute each. Interesting inputs are not minimized, because go test would spend the minute on that. Then
# it compares the parsers of Go, Node and Python over 200,000 random changes of the test vectors.
fuzz:
	@for p in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|'); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz); do \
	    echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s -fuzzminimizetime 1x $$p || exit 1; \
	  done; \
	done
	BUNDLE_TEST_MUTATIONS=200000 BUNDLE_TEST_SEED=$$(date +%s) go test -count 1 -run '^TestParsersAgree$$' ./internal/helpertest

# Puts faults into packages, one at a time, and lists those that the tests of the package do not find. It fails if they
# find fewer than 90 %, and takes some minutes. Of pipeline/manifest, whose tests are slow, it tries every seventh fault
# without the slowest tests, and only shows what lives. A fault can ask for memory without end: the limit, where the
# system has one, is in kB.
mutate:
	@ulimit -v 16000000 2>/dev/null || true; \
	go run ./internal/house/mutate -min 90 ./pipeline/plan ./pipeline/compare ./layerbuild/sealed ./pipeline/seal ./pipeline/param && \
	go run ./internal/house/mutate -every 7 -skip 'Bounded|Hostile|NestingBeyond|LinearMemory|OneSlip|SizeCounts|EveryFunctionTakes' ./pipeline/manifest

# Builds the exec wrapper for both architectures, in the folder that a release embeds.
exec:
	env -u GOOS -u GOARCH GOFLAGS=-mod=readonly go run ./runtime/execbin/make

# Writes the table of the helper files of VERSION, which later releases embed: docs/releasing.md. The Go on PATH builds its bundle-exec.
helpers:
	@test -n "$(VERSION)" || { echo 'usage: make helpers VERSION=v1.2.3' >&2; exit 2; }
	env -u GOOS -u GOARCH GOFLAGS=-mod=readonly go run ./runtime/released/make $(VERSION)

# Builds bundle like a release, for GOOS and GOARCH: with the exec wrapper, so that it needs no Go toolchain. The same commit, version and Go
# give the same bytes as .goreleaser.yaml: nothing from this machine, its settings or its working tree is in them.
COMMIT ?= $(shell git rev-parse HEAD)
release: exec
	@test -n "$(VERSION)" || { echo 'usage: make release VERSION=v1.2.3 [COMMIT=...]' >&2; exit 2; }
	CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-mod=readonly GOEXPERIMENT= GOFIPS140=off GOWORK=off GOTOOLCHAIN=local \
	  go build -tags release,urfave_cli_no_docs -trimpath -buildvcs=false -ldflags "-s -w -X main.release=$(VERSION) -X main.commit=$(COMMIT)" \
	  -o dist/bundle$(shell go env GOEXE) ./cmd/bundle

# Prints the section of VERSION in CHANGELOG.md; fails if there is none.
notes:
	@.github/release/notes "$(VERSION)"

# Builds everything that a release of this commit would publish, in dist: docs/releasing.md.
snapshot:
	goreleaser release --snapshot --clean

ci:
	.ci/run

# Runs the whole story against the AWS account that your credentials name, after asking: docs/e2e.md. It costs a few cents.
e2e-aws:
	@internal/e2e/e2e-aws.sh
