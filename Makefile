# Shortcuts for single commands; `make help` lists them. Build, test and demo need only Go.
.DEFAULT_GOAL := help
.PHONY: help build release test race lint fmt generate fuzz storm bench demo ci sbom vuln

LINT := bin/golangci-lint
# golangci-lint keeps paths with its findings: a cache shared by two checkouts names the files of the other one.
export GOLANGCI_LINT_CACHE := $(CURDIR)/bin/lint-cache
TEMPL := bin/templ
# By version, so that two runs ask the same; what it asks, https://vuln.go.dev, is always of today.
VULN := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# What make release builds. Nothing needs C, so one machine builds all of them.
TARGETS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# A number of inputs instead of a time: go test fails a target whose time ends while an input is being run.
FUZZTIME ?= 3000x
# How long a storm lasts, and which of its faults strike: clock, cut, disk, freeze, kill, receiver, restart, stop; all if empty.
FOR ?= 1h
FAULTS ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/noren, static and stripped
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/noren ./cmd/noren

release: ## build dist/noren_VERSION_OS_ARCH for every system, with checksums
	@rm -rf dist && mkdir -p dist
	@version=$$(git describe --tags --always --dirty) && for target in $(TARGETS); do \
	  os=$${target%/*} arch=$${target#*/} ext=; [ $$os = windows ] && ext=.exe; \
	  name=noren_$${version}_$${os}_$$arch$$ext; echo "dist/$$name"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags '-s -w' -o dist/$$name ./cmd/noren || exit 1; \
	done
	@cd dist && sha256sum noren_* > SHA256SUMS

test: ## run all tests (with PostgreSQL if it is installed)
	go test ./...

race: ## run all tests with the race detector, in random order
	go test -race -shuffle=on ./...

lint: $(LINT) ## check format, vet and lint
	go vet ./...
	$(LINT) run ./...

fmt: $(LINT) ## format
	$(LINT) fmt ./...

$(LINT): tools/go.mod
	go build -C tools -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

generate: $(TEMPL) ## generate Go from the console's templates
	$(TEMPL) generate -path console

$(TEMPL): tools/go.mod
	go build -C tools -o ../$(TEMPL) github.com/a-h/templ/cmd/templ

fuzz: ## run every fuzz target FUZZTIME (3000x) times
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "fuzz $$pkg $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$pkg || exit 1; \
	  done; \
	done

storm: ## every kind of request and fault on both engines, FOR=1h; prints counts (as root on Linux: all faults)
	go test ./crashtest -run '^TestStorm$$' -v -timeout 0 -storm $(FOR) -storm-faults '$(FAULTS)'

bench: ## measure, compared with the raw floor on this machine (minutes)
	go run ./bench

demo: ## run a demo shop on a throwaway database
	go run ./cmd/noren demo

sbom: build ## write what the program is made of to bin/noren.cdx.json
	bin/noren version --sbom > bin/noren.cdx.json

vuln: ## look for known vulnerabilities (needs the network)
	@go run $(VULN) ./... || { status=$$?; \
	  echo "vuln: either a vulnerability is named above, or the module proxy or https://vuln.go.dev could not be reached" >&2; exit $$status; }

ci: ## run everything that must pass before a push
	.ci/run
