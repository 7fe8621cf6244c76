# All a newcomer types: `make demo` and `make test`. Both get what they need first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

.PHONY: help setup demo test fuzz check bench clean-data

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: ## Gets PostgreSQL, Chromium, promtool (Debian) and anvil, solc (npm) where they are missing
	@./scripts/setup.sh

demo: setup ## Plays the whole way and stays up until Ctrl-C; ONCE=1 ends by itself, status 0 if all checks held
	@. var/tools/env
	cargo build --package chopmark --bin chopmark
	exec ./target/debug/chopmark demo $(if $(ONCE),--once)

test: setup ## Runs every test
	@. var/tools/env
	cargo build --package chopmark --bin chopmark
	cargo test --workspace --no-fail-fast
	./scripts/fuzz.sh

fuzz: ## Throws bytes at every decoder for a minute each; SECONDS=600 for longer, TARGETS="r200 llrp" for some
	@./scripts/fuzz.sh "$(or $(SECONDS),60)" $(TARGETS)

check: ## Format, lints, documentation
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

bench: setup ## Measures speed as ratios to plain floors
	@cargo build --release --package chopmark --bin chopmark
	./target/release/chopmark bench

clean-data: ## Removes what the demo stored
	@rm -rf var/demo
