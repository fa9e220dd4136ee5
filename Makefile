# Everything here is one command; `make help` lists them. Go alone is enough for build, test and demo.
.DEFAULT_GOAL := help
.PHONY: help build test race lint fmt generate fuzz bench demo ci

LINT := bin/golangci-lint
TEMPL := bin/templ
# A number of tries and not a time: go test fails a target whose time ends while an input is being looked at.
FUZZTIME ?= 3000x

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/noren, static and stripped
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/noren ./cmd/noren

test: ## run all tests (PostgreSQL too, where it is installed)
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

generate: $(TEMPL) ## make Go of the console's templates
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

bench: ## measure, beside the raw floor on this machine (minutes)
	go run ./bench

demo: ## a demo shop on a throwaway database
	go run ./cmd/noren demo

ci: ## what has to pass before main moves
	.ci/run
