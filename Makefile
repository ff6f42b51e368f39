# Meridian: targets for users and developers. `make help` lists them.

GO       ?= go
BIN      := bin/meridian
DEMO     := out/demo
PACKAGES := ./...

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/meridian
	$(GO) build -trimpath -o $(BIN) ./cmd/meridian

.PHONY: demo
demo: build ## compile the examples for every open region and publish them to a local bare repository
	@./test/demo.sh $(BIN) $(DEMO)

.PHONY: test
test: ## run all tests
	$(GO) test -timeout 30m $(PACKAGES)

# What runs the program as a process of its own, which the race detector does not see, or does one thing after another.
UNRACED := /(docs|test/(architecture|e2e|editor|mutations|peers|precommit|publishing|robustness|servers))$$

.PHONY: race
race: ## run the tests with the race detector, where several things happen at once
	$(GO) test -race -timeout 40m $$($(GO) list $(PACKAGES) | grep -v -E '$(UNRACED)')

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, go mod tidy: nothing may be left to say
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet $(PACKAGES)
	$(GO) tool staticcheck $(PACKAGES)
	$(GO) mod tidy -diff

.PHONY: generate
generate: ## rewrite everything that is generated: golden files, reference pages, embedded data, outputs shown in pages
	$(GO) test ./regions -run TestEmbedded -update
	$(GO) test ./golden -run 'TestCases|TestPlatforms' -update
	$(GO) test ./cmd/meridian -run TestErrors -update
	$(GO) test ./cmd/meridian -run TestExamples -update
	$(GO) test ./docs -run TestPages -update
	$(GO) test ./test/peers -run TestMeridian -update
	$(GO) run ./cmd/meridian test --update ./examples/...
	$(GO) test ./docs -run TestReplay -update

.PHONY: mutations
mutations: ## make mistakes in good applications and print what is said of them; fails when one is not handled
	@$(GO) run ./test/mutations

.PHONY: peers
peers: ## make four mistakes with Meridian and with pinned peers, which are built first; rewrites docs/mistakes.md
	$(GO) run ./test/peers

.PHONY: facts
facts: ## list the facts of the manual with the tests that cite them; fails when one has none
	@$(GO) run ./test/facts

.PHONY: precommit
precommit: ## run the real pre-commit over the hooks of the last commit
	MERIDIAN_PRECOMMIT=1 $(GO) test -count=1 -run TestPreCommit ./test/precommit

.PHONY: editors
editors: ## try the real cue, cue lsp, yaml-language-server and actionlint on what init and editors get (needs node and npm)
	MERIDIAN_EDITORS=1 $(GO) test -count=1 ./test/editor

.PHONY: servers
servers: ## build a real forge, once, and publish to it over https and ssh (SERVERS=built: only if it is there)
	MERIDIAN_SERVERS=$(or $(SERVERS),1) $(GO) test -count=1 -timeout 60m -v ./test/servers

PUBLISHING := $(GO) test -count=1 -timeout 60m -v ./test/publishing

.PHONY: kill
kill: ## kill publishers and git servers at 200 random points (KILLS); the repository stays whole, a rerun succeeds
	MERIDIAN_KILL=1 $(PUBLISHING) -run TestKill -kill.count=$(or $(KILLS),200)

.PHONY: scale
scale: ## publish to a repository of 60,000 files (FILES): what changes, memory, bytes; prints times
	MERIDIAN_SCALE=1 $(PUBLISHING) -run TestScale -scale.files=$(or $(FILES),60000)

.PHONY: model
model: ## compare random sequences of everything that can be published with a model (SEED, SEQUENCES, STEPS)
	MERIDIAN_MODEL=1 $(PUBLISHING) -run TestModel -model.seed=$(or $(SEED),1) -model.sequences=$(or $(SEQUENCES),24) -model.steps=$(or $(STEPS),25)

.PHONY: publishing
publishing: ## all suites that publish to real git servers
	MERIDIAN_KILL=1 MERIDIAN_SCALE=1 MERIDIAN_MODEL=1 $(PUBLISHING)

E2E := $(GO) test -count=1 -timeout 60m -v ./test/e2e

.PHONY: cluster
cluster: ## build the servers of the end-to-end suites, once: Kubernetes, kwok, a kubelet, Flux, Traefik (a quarter of an hour and more)
	$(GO) run ./test/cluster/install newest

.PHONY: cluster-all
cluster-all: cluster ## the same, with the API servers of the three minor versions before
	$(GO) run ./test/cluster/install -parts api all

.PHONY: e2e
e2e: cluster ## end to end on the newest Kubernetes: API server, rollouts, Flux, ingress controller, kubelet (needs root for the last two)
	MERIDIAN_E2E=newest MERIDIAN_CLUSTER=all $(E2E)

.PHONY: e2e-all
e2e-all: cluster-all ## end to end on every minor version
	MERIDIAN_E2E=all MERIDIAN_CLUSTER=all $(E2E)

.PHONY: checkers
checkers: ## public checkers over golden trees, examples and random applications; builds them once
	$(GO) run ./test/checkers/install
	MERIDIAN_CHECKERS=1 $(GO) test -count=1 -timeout 30m ./test/checkers

.PHONY: network
network: ## what the rendered policies mean, by public implementations and by the kernel (needs root, ip and nft)
	$(GO) run ./test/network/install
	MERIDIAN_NETWORK=1 $(GO) test -count=1 -timeout 30m ./test/network

.PHONY: robustness
robustness: ## hostile input against the real program: time, memory, files, sockets (needs strace)
	MERIDIAN_ROBUSTNESS=1 $(GO) test -count=1 -timeout 60m ./test/robustness

.PHONY: proof
proof: ## run all suites that hold Meridian against what others wrote, on what is built; print one table of them
	$(GO) run ./test/proof -e2e $(or $(MINORS),newest)

.PHONY: fuzz
fuzz: ## run each fuzz target for a while (FUZZTIME, default 30s)
	$(GO) test ./manifest -fuzz FuzzString -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./manifest -fuzz FuzzObject -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./manifest -fuzz FuzzTree -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./schema -fuzz FuzzApp -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./schema -fuzz FuzzMerge -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./schema -fuzz FuzzFormat -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./compiler -fuzz FuzzOverride -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./regions -fuzz FuzzLoad -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./manifest -fuzz FuzzPaths -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./publish -fuzz FuzzFolders -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s
	$(GO) test ./cmd/meridian -fuzz FuzzWriteTree -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 1s

.PHONY: bench
bench: build ## measure whole processes on the workload of the design
	$(GO) run ./test/bench $(BIN)

.PHONY: bench-full
bench-full: build ## the same, with ten thousand applications and a large repository
	$(GO) run ./test/bench -full $(BIN)

.PHONY: bench-publish
bench-publish: build ## measure publishing over https into repositories of 60,000 and 500,000 files, beside git; fails over its limits
	$(GO) run ./test/bench -publish -strict $(BIN)

.PHONY: contention
contention: ## 32 publishers, 25 publishes each, one branch, over https: on one machine, on machines of their own, and on a server with faults
	$(PUBLISHING) -run 'TestContention|TestContendedClaim|TestFaults' -publishers 32 -each 25 -strict

.PHONY: crowd
crowd: ## the same with 3 publishes each, held to what is true and to a part of a lone publisher's rate
	$(PUBLISHING) -run 'TestContention|TestContendedClaim' -publishers 32 -each 3

.PHONY: clean
clean: ## remove what was built
	rm -rf bin out
