# remote-cluster-bot: `make help` lists what there is to do.
BINARY  := remote-cluster-bot
CMD     := ./cmd/$(BINARY)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Without its page for debugging, gRPC, which the OTLP exporter brings along, costs 2 MB instead of 20: docs/decisions.md.
TAGS    := grpcnotrace
TOOL    := go tool -modfile=internal/tools/go.mod
# All parts compile alike, so that each finds what another has compiled; only the race detector needs C.
export GOFLAGS     := $(sort $(GOFLAGS) -trimpath -tags=$(TAGS))
export CGO_ENABLED := 0
# A short torture with short leases, for CI. The real thing, with the leases that the bot has: make torture ROUNDS=200 TORTURE=
ROUNDS  ?= 8
TORTURE ?= -lease 2s -call-timeout 3s -parallel 8
# What the race detector leaves out.
RACE    ?= -skip '^TestStories$$'
# How long each fuzz target runs.
FUZZTIME ?= 10s
CONFIG  ?= config.yaml
# Where make test writes what the stories say, and make contract reads it; empty: contract tells them itself.
RECORDED ?=
IMAGE   ?= $(BINARY):$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## play with the bot offline, in the browser (ARGS=--transcript prints the story instead)
	@$(if $(filter --transcript,$(ARGS)),go run ./cmd/playground,.ci/demo) $(ARGS)

.PHONY: transcript
transcript: ## connect two clusters offline, from slash command to verified search, and print it
	@go run ./cmd/playground --transcript

.PHONY: run
run: build ## run the bot: make run CONFIG=config.yaml
	bin/$(BINARY) serve --config $(CONFIG)

.PHONY: build
build: ## build bin/remote-cluster-bot
	go build -ldflags '$(LDFLAGS)' -o bin/$(BINARY) $(CMD)

.PHONY: playground
playground: ## build bin/playground: the same bot among stand-ins
	go build -ldflags '$(LDFLAGS)' -o bin/playground ./cmd/playground

.PHONY: test
test: ## all tests; a redis-server and a valkey-server on the PATH are used beside the embedded one
	$(if $(RECORDED),STORIES_RECORDED=$(RECORDED) )go test -shuffle=on ./...

.PHONY: race
race: ## all tests but the stories with the race detector, which needs a C compiler (RACE= with the stories: minutes more)
	CGO_ENABLED=1 go test -race -shuffle=on -parallel 2 $(RACE) ./...

.PHONY: torture
torture: build playground ## real processes die, freeze and lose touch at random; longer: ROUNDS=200 TORTURE= and on real clusters: REAL=1
	cd cmd/torture && go run . -bin ../../bin/$(BINARY) -playground ../../bin/playground -rounds $(ROUNDS) $(TORTURE) $(if $(REAL),-real)

.PHONY: compat
compat: build playground ## the same with the last release as every second replica: claims, cards and journals of one are the other's too
	@tag=$$(.ci/released) || { echo "SKIPPED: nothing has been released yet that this version could run beside"; exit 0; }; \
	rm -rf out/older && git worktree prune && git worktree add --detach out/older "$$tag" && \
	$(MAKE) -C out/older build && cd cmd/torture && go run . -bin ../../bin/$(BINARY) -playground ../../bin/playground -older $(CURDIR)/out/older/bin/$(BINARY) -rounds $(ROUNDS) $(TORTURE)

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME=10s; what breaks one is kept in testdata/fuzz, where all tests run it
	@grep -rEo '^func Fuzz[A-Za-z]+' --include='*_test.go' . | sed -E 's|/[^/]*:func | |' | sort | while read -r dir target; do \
		echo "$$dir $$target"; go test "$$dir" -run '^$$' -fuzz "^$$target"'$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; \
	done

.PHONY: contract
contract: ## hold the bot and the stand-ins against others' descriptions (CONTRACT_WITHOUT_NODE=1: without Slack's, which want Node 20)
	[ "$$CONTRACT_WITHOUT_NODE" = 1 ] || (cd internal/contract/slack && npm ci --no-fund --no-audit)
	cd internal/contract && go test -count=1 -timeout 20m -skip TestRealElasticsearch $(if $(RECORDED),-recorded $(RECORDED)) # no package named: what is SKIPPED would not be printed

.PHONY: realtest
realtest: ## what runs on real, secured Elasticsearch clusters (Maven, Java; REALTEST=skip leaves it out)
ifeq ($(REALTEST),skip)
	@echo "SKIPPED: nothing runs on real Elasticsearch clusters, as REALTEST=skip asks"
else
	$(MAKE) --no-print-directory -j 2 -O realtest-nodes realtest-answers
	cd $(CMD) && REALTEST=run go test -count=1 -timeout 30m -parallel 3 -run '^TestStoriesOnRealClusters$$' # no package named: the counts would not be printed
endif

.PHONY: realtest-nodes realtest-answers
realtest-nodes:
	REALTEST=run go test -count=1 -timeout 20m ./internal/realcluster
	REALTEST=run go test -count=1 -timeout 10m -run OfRealSelfManaged ./cmd/playground
realtest-answers:
	cd internal/contract && REALTEST=run go test -count=1 -timeout 20m -run TestRealElasticsearch

.PHONY: lint
lint: ## imports, habits and formatting, and that go.mod is tidy; golangci-lint vets, too
	go mod tidy -diff
	$(TOOL) golangci-lint run ./...
	cd cmd/torture && go mod tidy -diff && go vet .
	cd internal/tools && go mod tidy -diff
	cd internal/contract && go mod tidy -diff && $(subst internal,..,$(TOOL)) golangci-lint run ./...
	cd deploy/check && go mod tidy -diff && $(subst internal,../../internal,$(TOOL)) golangci-lint run ./...

.PHONY: vulnerabilities
vulnerabilities: ## known vulnerabilities that the code reaches, as vuln.go.dev knows them: needs the internet, so no part of check
	$(TOOL) govulncheck -tags $(TAGS) ./...

.PHONY: check
check: ## what CI runs, no more, no less; at its end, how long each part took
	@recorded=$$(mktemp -d) && trap 'rm -rf "$$recorded"' EXIT && \
	RECORDED=$$recorded .ci/parts build transcript test realtest+lint+contract+chart+packages torture compat browser race

.PHONY: chart
chart: ## hold the Helm chart and what is made of it against Helm's and Kubernetes' own code
	cd deploy/check && go test ./...

# Of all systems that a release is built for, this one: the others would take 20 minutes to compile.
.PHONY: packages
packages: ## hold .goreleaser.yaml against goreleaser, and make the archives and packages of a release for this system in dist
	@mkdir -p out
	sed -e 's/goos: .*/goos: [$(shell go env GOOS)]/' -e 's/goarch: .*/goarch: [$(shell go env GOARCH)]/' .goreleaser.yaml >out/goreleaser.yaml
	$(TOOL) goreleaser check .goreleaser.yaml
	CERTIFICATES=none TAP_TOKEN=none $(TOOL) goreleaser release --config out/goreleaser.yaml --snapshot --clean --skip=docker,sign,sbom
	.ci/packages

.PHONY: manifests
manifests: ## write deploy/kubernetes and the schema of the chart's values anew
	cd deploy/check && go run .

PAGE := internal/sim/playground/browser
.PHONY: browser
browser: playground ## tests of the playground's page in headless Chromium; screenshots in out/screenshots
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null || ! command -v "$${CHROMIUM:-chromium}" >/dev/null; then \
		echo "SKIPPED: the browser tests need node, npm and chromium"; \
	else \
		cd $(PAGE) && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error && node --test --test-reporter=spec; \
	fi

.PHONY: screenshots
screenshots: browser ## write the pictures of the documentation anew
	@mkdir -p docs/images && for one in form connected dark; do cp out/screenshots/docs-$$one.png docs/images/playground-$$one.png; done

.PHONY: bench
bench: ## benchmarks as benchstat reads them; with redis-server, and beside Bolt for JavaScript with node and npm
	go test -run '^$$' -bench . -benchmem ./...
	bench/rest.sh
	bench/unsigned.sh
	bench/run.sh

.PHONY: scale
scale: ## what grows with deployments and connections, as a table, in five minutes (CONNECTIONS=50 takes one; with redis-server)
	bench/scale.sh

.PHONY: golden
golden: ## write the golden files of modals, cards and the map's layout anew
	go test ./handlers ./handlers/cards ./handlers/monitor ./handlers/notify ./internal/picture -update

.PHONY: docs
docs: ## write docs/configuration.md and its schema anew, and the chart's with them
	go run ./internal/docgen
	$(MAKE) manifests

.PHONY: docker
docker: ## build the container image
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist out
