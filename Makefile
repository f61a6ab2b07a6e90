# Requires Go and make. The end-to-end tests also require root on Debian.
# All build output goes to _build.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# MODULES are all modules of this repository, TESTED those whose tests need
# neither root nor real runtimes, and CHECKED those that are vetted and linted.
# The module test/e2e has its own target, e2e.
MODULES := $(sort $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path './_build/*')))
TESTED := $(filter-out ./internal/tools% ./test/e2e,$(MODULES))
CHECKED := $(filter-out ./internal/tools%,$(MODULES))

# VERSION is the version of the project, which all programs print. A test compares
# it with the other files that contain it.
VERSION ?= v0.1.0
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)

# ARCHS are the architectures of a release.
ARCHS ?= amd64 arm64

# FUZZTIME is the number of inputs per fuzz target. A duration works too, but
# with Go before 1.27 the run may then fail at its end with only the message
# "context deadline exceeded" (go.dev/issue/75804).
FUZZTIME ?= 50000x
TESTFLAGS ?=

# E2E decides whether `make test` includes the end-to-end tests:
#   auto  if it runs as root
#   run   always; it fails if it does not run as root
#   skip  never
E2E ?= auto
RUN_E2E := $(filter run,$(E2E))$(if $(filter auto,$(E2E)),$(filter 0,$(shell id -u)))

GOLANGCI_LINT := _build/tools/golangci-lint
GREMLINS := _build/tools/gremlins
# With a cache shared between checkouts, the linters report files of another one.
export GOLANGCI_LINT_CACHE := $(CURDIR)/_build/lint

.PHONY: help
help: ## Show this help.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: collector collector-full sandboxctl example ## Build everything.
	@for module in $(TESTED); do go -C $$module build -o /dev/null ./...; done

.PHONY: collector
collector: ## Build a small Collector with this receiver: _build/otelcol-sandbox.
	@VERSION=$(VERSION) scripts/collector builder-config.yaml _build

.PHONY: collector-full
collector-full: ## Build the Collector for production: _build/full/otelcol-sandbox. The first build takes minutes.
	@VERSION=$(VERSION) scripts/collector builder-config.full.yaml _build/full

# The example is in the directory of the exporter, to be used without the receiver. It is
# built as its README says: the builder, left to itself, leaves a directory in TMPDIR.
EXAMPLE := exporter/prometheusscrapeexporter/example

.PHONY: example
example: ## Build the example of the exporter prometheus_scrape, and check its configuration.
	@mkdir -p _build/tools
	@go -C internal/tools build -o "$(CURDIR)/_build/tools/builder" go.opentelemetry.io/collector/cmd/builder
	@temporary=$$(mktemp -d); trap 'rm -rf "$$temporary"' EXIT; cd $(EXAMPLE); \
		TMPDIR=$$temporary "$(CURDIR)/_build/tools/builder" --config builder-config.yaml
	@_build/example/otelcol-scrape validate --config $(EXAMPLE)/config.yaml

.PHONY: sandboxctl
sandboxctl: ## Build the command-line tool: _build/sandboxctl.
	@CGO_ENABLED=0 go -C cmd/sandboxctl build -trimpath -ldflags='-X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o "$(CURDIR)/_build/sandboxctl" .

.PHONY: image
image: collector-full sandboxctl ## Build the container image otelcol-sandbox with Docker.
	@scripts/image _build/image
	@docker build --tag "otelcol-sandbox:$(VERSION)" _build/image

.PHONY: release
release: ## Build the archives of a release in _build/release, for the platforms in ARCHS (amd64 arm64).
	@VERSION=$(VERSION) COMMIT=$(COMMIT) scripts/release _build/release $(ARCHS)

.PHONY: run
run: collector sandboxctl ## Run the Collector with simulated sandboxes and the real sandboxes of this host.
	@scripts/run

.PHONY: test
test: ## Run the unit tests and, as root, the end-to-end tests. E2E=skip skips the latter.
	@case "$(E2E)" in auto | run | skip) ;; \
	*) echo 'invalid E2E "$(E2E)": must be one of auto, run, skip' >&2; exit 1 ;; esac
	@# Announces the packages now, so that there is time to interrupt.
	@if [ -n "$(RUN_E2E)" ]; then test/e2e/install --plan; fi
	@$(MAKE) --no-print-directory unit
	@if [ -n "$(RUN_E2E)" ]; then $(MAKE) --no-print-directory e2e; \
	elif [ "$(E2E)" = skip ]; then echo "Skipped the end-to-end tests: E2E=skip."; \
	else echo "Skipped the end-to-end tests: they require root."; fi

.PHONY: unit
unit: ## Run the tests that need neither root nor a C compiler.
	@for module in $(TESTED); do echo "# $$module"; go -C $$module test $(TESTFLAGS) ./...; done

# The module of the manifests starts no goroutines, and compiling Kubernetes with the
# race detector takes minutes.
.PHONY: race
race: ## Run the unit tests with the race detector, which needs a C compiler.
	@CGO_ENABLED=1 $(MAKE) --no-print-directory unit TESTFLAGS='-race $(TESTFLAGS)' \
		TESTED='$(filter-out ./internal/manifests,$(TESTED))'

.PHONY: fuzz
fuzz: ## Run every fuzz target with FUZZTIME inputs, for example 50000x.
	@FUZZTIME=$(FUZZTIME) scripts/fuzz $(TESTED)

# The tests run once for each mutant, one after the other and with a long
# timeout: a mutant that only timed out does not count. Do not add --test-cpu:
# gremlins 0.6.0 passes it to go test in a way that makes every run fail, which
# counts as killed.
#
# The tests themselves keep their TMPDIR, because in a longer one the addresses
# of sockets are too long. Without vet, only tests detect mutants.
MUTATIONFLAGS ?= --workers 1 --timeout-coefficient 10

.PHONY: mutation
mutation: $(GREMLINS) ## Test the tests of PKG, for example ./internal/collect, and list surviving mutants.
	@if [ ! -d "$(PKG)" ]; then echo 'PKG "$(PKG)" is not a directory: use PKG=./internal/collect' >&2; exit 1; fi
	@# gremlins copies the whole module. Without _build, the copy is small.
	@copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; mkdir "$$copy/module" "$$copy/work"; \
		tar -c --exclude=./_build --exclude=./.git . | tar -x -C "$$copy/module"; \
		cd "$$copy/module"; \
		GOFLAGS="$$(go env GOFLAGS) -vet=off '-exec=env TMPDIR=$${TMPDIR:-/tmp}'" TMPDIR="$$copy/work" \
		"$(CURDIR)/$(GREMLINS)" unleash $(MUTATIONFLAGS) --output-statuses lct "$(PKG)"
	@echo "internal/tools/mutation/survivors.md lists the survivors that change nothing."

$(GREMLINS): internal/tools/mutation/go.mod
	@mkdir -p $(@D)
	@go -C internal/tools/mutation build -o "$(CURDIR)/$@" github.com/go-gremlins/gremlins/cmd/gremlins
	@touch $@

# RELEASES decides which releases of gVisor in test/e2e/releases.txt are built for
# the end-to-end tests: always (those marked so) or all. With E2E=run, tests that
# are skipped must be listed in test/e2e/allowed-skips.txt.
export RELEASES ?= always
CHECKSKIPS := ./cmd/checkskips $(if $(filter run,$(E2E)),-strict) $(if $(filter -v,$(TESTFLAGS)),-v)

.PHONY: e2e
e2e: collector collector-full sandboxctl ## Run the end-to-end tests. Requires root and installs missing Debian packages.
	@test/e2e/install
	@go -C test/e2e test -json -count=1 -timeout=25m $(TESTFLAGS) ./... | go -C test/e2e run $(CHECKSKIPS)

.PHONY: bench
bench: load collector ## Measure the cost of a collection cycle. BENCHFLAGS=-h and CHAINFLAGS=-h list the options.
	@_build/load bench $(BENCHFLAGS)
	@_build/load chain $(CHAINFLAGS)

.PHONY: chain
chain: load collector ## Measure only the Collector with each exporter. CHAINFLAGS=-h lists the options.
	@_build/load chain $(CHAINFLAGS)

# SOAK is the duration of `make soak`.
SOAK ?= 10m

.PHONY: soak
soak: load ## Run for SOAK with hostile sandboxes and a pipeline that refuses and blocks; fail on leaks.
	@_build/load soak -duration $(SOAK)

.PHONY: load
load:
	@mkdir -p _build
	@go build -o _build/load ./test/load

.PHONY: generate
generate: ## Generate code and documentation from metadata.yaml and from lists in the code.
	@scripts/generate

# RUNSC_VERSIONS are the versions whose metrics are known, the newest first.
RUNSC_VERSIONS := \
	v0.0.0-20260905035102-160fafc42237 \
	v0.0.0-20260224225140-573d5e7127a8 \
	v0.0.0-20250205023644-9414b50a5633 \
	v0.0.0-20240722211153-64c016c92987

.PHONY: known-metrics
known-metrics: ## Generate the table of gVisor's metrics from real sandboxes. Requires root.
	@CGO_ENABLED=0 go run ./test/knownmetrics $(RUNSC_VERSIONS)

.PHONY: known-syscalls
known-syscalls: ## Generate the table of Linux system calls from golang.org/x/sys.
	@go run ./test/knownsyscalls

.PHONY: check-generate
check-generate: ## Fail if generated files are out of date.
	@scripts/generate --check

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code.
	@for module in $(CHECKED); do (cd $$module && "$(CURDIR)/$(GOLANGCI_LINT)" fmt --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: check-fmt
check-fmt: $(GOLANGCI_LINT) ## Fail if the Go code is not formatted.
	@for module in $(CHECKED); do (cd $$module && "$(CURDIR)/$(GOLANGCI_LINT)" fmt --diff --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: vet
vet: ## Vet all modules for Linux, and the receiver for platforms where it only has to compile.
	@for module in $(CHECKED); do echo "# $$module"; GOOS=linux go -C $$module vet ./...; done
	GOOS=darwin go vet ./...
	GOOS=linux GOARCH=arm64 go vet ./...
	GOOS=linux GOARCH=386 go build ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters of .golangci.yml.
	@for module in $(CHECKED); do echo "# $$module"; \
		(cd $$module && GOOS=linux "$(CURDIR)/$(GOLANGCI_LINT)" run --config "$(CURDIR)/.golangci.yml" ./...); done

$(GOLANGCI_LINT): internal/tools/linters/go.mod
	@mkdir -p $(@D)
	@go -C internal/tools/linters build -o "$(CURDIR)/$@" github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: tidy
tidy: ## Tidy every go.mod.
	@for module in $(MODULES); do go -C $$module mod tidy; done

.PHONY: check-tidy
check-tidy: ## Fail if a go.mod is not tidy.
	@for module in $(MODULES); do echo "# $$module"; go -C $$module mod tidy -diff; done

.PHONY: clean
clean: ## Remove all build output.
	rm -rf _build
