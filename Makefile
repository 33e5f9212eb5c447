# What a contributor types. "make check" is what CI runs; "make help" lists the rest.

GO        ?= go
FUZZTIME  ?= 5s
BENCHTIME ?= 1s
CYCLES    ?= 5000
RUNS      ?= 10
PREFIX    ?= /usr/local
DESTDIR   ?=

# Tools are pinned exactly and built into a folder that git ignores; the product's go.mod knows nothing of them.
TOOLS         := $(CURDIR)/.ci/bin
GOLANGCI      := v2.15.0
GOLANGCI_LINT := $(TOOLS)/golangci-lint

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
BUILD   := -trimpath $(if $(VERSION),-ldflags "-X main.version=$(VERSION)")

# Everything but what links libp2p, which takes ten minutes to build with the race detector on a small machine.
RACE_PACKAGES = $(shell for p in $$($(GO) list ./...); do \
	$(GO) list -e -test -deps "$$p" | grep -q '^github.com/libp2p/go-libp2p$$' || echo "$$p"; done)

.DEFAULT_GOAL := help
.PHONY: help build install test busy race lint fuzz bench sim soak demo picture check format tidy tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  FUZZTIME=$(FUZZTIME) for each target of fuzz, BENCHTIME=$(BENCHTIME), DATA=DIR gives demo real documents,"
	@echo "  RUNS=$(RUNS) of busy, PACKAGES to run fewer there,"
	@echo "  PREFIX=$(PREFIX) and DESTDIR for install, SIMFLAGS for the test flags of sim, CYCLES=$(CYCLES) for soak"

build: ## build bin/tocsin
	$(GO) build $(BUILD) -o bin/tocsin ./cmd/tocsin

install: build ## install the binary, its manual page and completions under PREFIX
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions"
	install -d "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -m 755 bin/tocsin "$(DESTDIR)$(PREFIX)/bin/tocsin"
	bin/tocsin man >"$(DESTDIR)$(PREFIX)/share/man/man1/tocsin.1"
	bin/tocsin completion bash >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tocsin"
	bin/tocsin completion zsh >"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tocsin"
	bin/tocsin completion fish >"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tocsin.fish"

test: ## run every test
	$(GO) test -timeout 30m ./...

busy: ## run every test RUNS times beside three busy loops: nothing may depend on how fast a machine is
	GO="$(GO)" RUNS="$(RUNS)" $(if $(PACKAGES),PACKAGES="$(PACKAGES)") .ci/busy

race: ## run the tests that do not link libp2p with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 20m $(RACE_PACKAGES)

lint: $(GOLANGCI_LINT) ## run the linters
	$(GOLANGCI_LINT) run ./...

fuzz: ## run every fuzz target for FUZZTIME
	GO="$(GO)" FUZZTIME="$(FUZZTIME)" .ci/fuzz

bench: ## run the benchmarks: packages first, then real processes
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) ./pkg/... ./node/... ./cmd/...
	$(GO) test -run '^$$' -bench . ./testnet/local

sim: ## run the simulated world; a failure prints the seed that repeats it
	$(GO) test -count=1 ./testnet/sim/... $(SIMFLAGS)

soak: ## kill -9 a publishing daemon CYCLES times; every ID that it printed must be there afterwards
	$(GO) test ./testnet/local -run TestKillNine -count=1 -timeout 0 -v -args -cycles $(CYCLES)

demo: build ## teams of one region, real processes: the main job, watched
	$(GO) run ./testnet/local/demo -tocsin bin/tocsin $(if $(DATA),-data "$(DATA)")

format: ## fail if a file is not formatted
	@files=$$(gofmt -l cmd docs node pkg testnet); \
	if [ -n "$$files" ]; then echo "not formatted (gofmt -w):"; echo "$$files"; exit 1; fi

tidy: ## fail if go.mod is not what the code needs, or a module is not what go.sum says
	$(GO) mod verify
	$(GO) mod tidy -diff

picture: build ## draw the README's picture from a run of the demo
	$(GO) run ./testnet/local/demo -tocsin bin/tocsin -svg docs/demo.svg

check: format tidy ## what CI runs, cheap first
	$(GO) vet ./...
	$(MAKE) test
	$(MAKE) lint
	$(MAKE) race
	$(MAKE) fuzz
	$(MAKE) demo

tools: $(GOLANGCI_LINT) ## build the pinned tools into .ci/bin

# Built once for each version: the stamp is what makes a changed pin rebuild.
$(GOLANGCI_LINT): $(TOOLS)/.golangci-lint-$(GOLANGCI)
$(TOOLS)/.golangci-lint-$(GOLANGCI):
	@mkdir -p "$(TOOLS)"
	@if ! "$(GOLANGCI_LINT)" version 2>/dev/null | grep -q "version $(GOLANGCI:v%=%) "; then \
		echo "building golangci-lint $(GOLANGCI); this takes some minutes, once"; \
		GOBIN="$(TOOLS)" GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI); fi
	@rm -f "$(TOOLS)"/.golangci-lint-* && touch "$@"

clean: ## remove what was built, but for the tools
	rm -rf bin
