# Needs Go and make, nothing else; the end-to-end tests need root on Debian too.
# Everything that is built goes to _build.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Every module of this repository, and those that have tests of their own.
# The end-to-end tests need real runtimes and root, so they are `make e2e`.
MODULES := $(sort $(patsubst %/go.mod,%,$(shell find . -name go.mod -not -path './_build/*')))
TESTED := $(filter-out ./internal/tools% ./test/e2e,$(MODULES))
CHECKED := $(filter-out ./internal/tools%,$(MODULES))

# How many inputs each fuzz target gets. A duration is accepted as well, but
# Go before 1.27 may then fail with nothing but "context deadline exceeded"
# when it ends (go.dev/issue/75804).
FUZZTIME ?= 50000x
TESTFLAGS ?=

GOLANGCI_LINT := _build/tools/golangci-lint
# A cache that checkouts share would tell of files in another one.
export GOLANGCI_LINT_CACHE := $(CURDIR)/_build/lint

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: collector sandboxctl ## Build everything.
	@for module in $(TESTED); do go -C $$module build ./...; done

.PHONY: collector
collector: ## Build a Collector with this receiver: _build/otelcol-sandbox.
	@mkdir -p _build/tools
	@go -C internal/tools build -o "$(CURDIR)/_build/tools/builder" go.opentelemetry.io/collector/cmd/builder
	@# The builder leaves an empty directory among the temporary files.
	@temporary=$$(mktemp -d); trap 'rm -rf "$$temporary"' EXIT; \
		TMPDIR=$$temporary _build/tools/builder --config builder-config.yaml

.PHONY: sandboxctl
sandboxctl: ## Build the command-line tool: _build/sandboxctl.
	@go -C cmd/sandboxctl build -o "$(CURDIR)/_build/sandboxctl" .

.PHONY: run
run: collector sandboxctl ## Run the collector over simulated sandboxes and those of this host.
	@scripts/run

.PHONY: test
test: unit ## Run the tests; as root also those against real runsc, Docker, containerd and Prometheus.
	@if [ "$$(id -u)" -eq 0 ]; then $(MAKE) --no-print-directory e2e; \
	else echo "the end-to-end tests are skipped: they need root"; fi

.PHONY: unit
unit: ## Run the tests that need neither root nor a C compiler.
	@for module in $(TESTED); do echo "# $$module"; go -C $$module test $(TESTFLAGS) ./...; done

.PHONY: race
race: ## Run the same tests with the race detector, which needs a C compiler.
	@CGO_ENABLED=1 $(MAKE) --no-print-directory unit TESTFLAGS='-race $(TESTFLAGS)'

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME inputs, as in 50000x.
	@FUZZTIME=$(FUZZTIME) scripts/fuzz $(TESTED)

.PHONY: e2e
e2e: collector sandboxctl ## Run the collector against real runsc, Docker, containerd and Prometheus; needs root.
	@test/e2e/install
	@go -C test/e2e test -count=1 -timeout=15m $(TESTFLAGS) ./...

.PHONY: bench
bench: load ## Measure what a cycle costs, beside the least that reading needs; BENCHFLAGS=-h lists options.
	@_build/load bench $(BENCHFLAGS)

# How long `make soak` runs.
SOAK ?= 10m

.PHONY: soak
soak: load ## Run for SOAK over hostile sandboxes and a pipeline that refuses and blocks; fail on any leak.
	@_build/load soak -duration $(SOAK)

.PHONY: load
load:
	@mkdir -p _build
	@go build -o _build/load ./test/load

.PHONY: generate
generate: ## Write the code and documentation that come from metadata.yaml.
	@scripts/generate

.PHONY: check-generate
check-generate: ## Fail if generated files are not current.
	@scripts/generate --check

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code.
	@for module in $(CHECKED); do (cd $$module && "$(CURDIR)/$(GOLANGCI_LINT)" fmt --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: check-fmt
check-fmt: $(GOLANGCI_LINT) ## Fail if Go code is not formatted.
	@for module in $(CHECKED); do (cd $$module && "$(CURDIR)/$(GOLANGCI_LINT)" fmt --diff --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: vet
vet: ## Vet for Linux, and the receiver for where it only has to compile.
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
clean: ## Remove what was built.
	rm -rf _build
