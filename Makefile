# The ritual. `make test` needs cargo, a C compiler, node 20 with npm, and Chromium (the last two are installed by it when
# run as root on Debian).
.DEFAULT_GOAL := help
.PHONY: help build test lint bench devnet clean peers

CARGO ?= cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build everything the tests need, once, in the dev profile
	$(CARGO) build --locked --workspace --lib --bins --tests

peers: ## Install the programs the tests run against (Lodestar, anvil, solc, Chromium, schemathesis)
	tests/peers/install.sh
	tests/browser/install.sh
	tests/peers/contract.sh install

test: peers build ## Run every test: unit, documentation, simulator, integration, real peers
	$(CARGO) test --locked --workspace --doc
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --locked --workspace --no-fail-fast
else
	$(CARGO) test --locked --workspace --lib --bins --tests --no-fail-fast
endif

lint: ## Check format, clippy and documentation, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet

bench: ## Run the benchmarks (minutes; builds the bench profile)
	$(CARGO) bench --locked -p crypto
	$(CARGO) bench --locked -p tests --bench isolation

devnet: ## The whole network on this machine: a validator goes dark and is forced off
	$(CARGO) run --locked --release -p devnet

clean: ## Remove what was built and installed
	$(CARGO) clean
	rm -rf tests/peers/node_modules tests/peers/contract_env tests/browser/node_modules tests/browser/node_modules
