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
# The programs do not wait for the console, and take it when it is there. The last crates leave a processor idle for it.
if command -v npm >/dev/null 2>&1; then
  mkdir -p .cloister
  (exec </dev/null >.cloister/console-build.log 2>&1 && scripts/beside.sh scripts/console.sh) &
  say "building the web console beside this; what it says is in .cloister/console-build.log"
else
  say "Node is not here: the web console is left out (make console, later)"
fi
# Built once it is built sooner in one piece, and without what a debugger reads. Whoever has begun to change the code has
# the folder, and keeps what was built for that.
[ -d target/debug/incremental ] || export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=false
cargo build --locked --workspace --bins
say "built: target/debug/{cloister,cloister-controller,cloister-agent,cloister-audit}"
if [ -n "$fetch" ]; then wait "$fetch"; say "model fetched and its SHA-256 checked: $MODEL"; fi
exec target/debug/cloister quickstart --data "$DATA" --model "$MODEL"
