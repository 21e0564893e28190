#!/usr/bin/env bash
# `make quickstart`: builds while the model is fetched, then hands over to `cloister quickstart`.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
say() { printf '%4d s  %s\n' $((SECONDS - started)) "$*"; }

scripts/prerequisites.sh model
fetch=
if [ "$MODEL" = .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf ]; then
  scripts/fetch-model.sh "$MODEL" & fetch=$!
elif [ ! -f "$MODEL" ]; then
  echo "There is no file $MODEL. Give a GGUF: make quickstart MODEL=path.gguf" >&2
  exit 1
fi
if [ -x target/debug/cloister ]; then say "building (only what changed)"; else
  say "building Cloister and fetching the model: the first time takes a few minutes on two cores"; fi
cargo build --locked --workspace --bins
say "built: target/debug/{cloister,cloister-controller,cloister-agent,cloister-audit}"
if [ -n "$fetch" ]; then wait "$fetch"; say "model fetched and its SHA-256 checked: $MODEL"; fi
exec target/debug/cloister quickstart --data "$DATA" --model "$MODEL"
