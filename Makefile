# The commands people type. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

MODEL_FILE := .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf
MODEL ?= $(MODEL_FILE)
DATA ?= .cloister/quickstart
# One package selection everywhere: another one unifies features differently and builds twice.
CARGO_BUILD := cargo build --locked --workspace --bins

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; print "Cloister: local LLMs, verified and on record.\n"} \
	  /^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  MODEL=path.gguf make quickstart   takes another model\n'

.PHONY: quickstart
quickstart: ## Build, fetch a small model, and walk the whole story: sign, verify, deploy, ask, prove
	@MODEL='$(MODEL)' DATA='$(DATA)' scripts/quickstart.sh

.PHONY: test
test: ## Everything: formatting, lints, walls, unit, property, contract and end-to-end tests
	@scripts/test.sh

.PHONY: test-kubernetes
test-kubernetes: images ## The chart and the operator on a real cluster of two nodes, made here (needs root)
	@tests/kubernetes/run.sh

.PHONY: bench
bench: ## Measure decode, prefill, streams, ledger, gateway and console on this machine; prints ratios to peers
	@scripts/bench.sh

.PHONY: build
build: ## Build the four programs into target/debug
	@scripts/prerequisites.sh build
	$(CARGO_BUILD)

.PHONY: console
console: ## Build the web console (needs Node 20.19 or newer)
	@scripts/console.sh

.PHONY: model
model: $(MODEL_FILE) ## Fetch and check the small model that quickstart and tests use

$(MODEL_FILE):
	@scripts/fetch-model.sh '$@'

.PHONY: crds
crds: ## Write the chart's CustomResourceDefinitions and the table of their conditions
	cargo run --locked --quiet -p cloister-operator --example crds

.PHONY: lint
lint: ## Formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --features cloister-server/kubernetes -- -D warnings

.PHONY: deny
deny: ## Licences, sources and bans of every dependency (needs cargo-deny)
	cargo deny --locked check bans licenses sources

.PHONY: miri
miri: ## Run the AVX-512 kernels in an interpreter, for machines without AVX-512 (needs nightly with miri)
	@scripts/miri.sh

# Cargo features of the controller in the image.
IMAGE_FEATURES ?= cloister-server/kubernetes
# What stands before /controller, /cli and /agent in the images' names.
IMAGE_REPOSITORY ?= localhost/cloister
export IMAGE_FEATURES IMAGE_REPOSITORY

.PHONY: images
images: ## Container images of controller, CLI and agent in target/images, with bills of materials; no daemon needed
	@images/build.sh

.PHONY: images-reproducible
images-reproducible: ## Build the images again from a copy elsewhere; the digests must be the same
	@images/reproducible.sh

.PHONY: images-test
images-test: ## Test how images are written, and the images in target/images
	@images/tests/run.sh
