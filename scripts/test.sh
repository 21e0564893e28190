#!/usr/bin/env bash
# `make test`: everything, in the order in which a failure is cheapest to see. Ends in a line of sums.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/prerequisites.sh test || exit 1
started=$SECONDS
log=$(mktemp "${TMPDIR:-/tmp}/cloister-test.XXXXXXXX")
trap 'rm -f "$log"' EXIT
failed_stages=()
stage() {
  local name=$1; shift
  local from=$SECONDS
  printf '\n=== %s\n' "$name"
  if "$@" 2>&1 | tee -a "$log"; then :; else failed_stages+=("$name"); fi
  printf '=== %s: %d s\n' "$name" $((SECONDS - from))
}
stage 'formatting' cargo fmt --all --check
stage 'model' scripts/fetch-model.sh .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf
stage 'programs' cargo build --locked --workspace --bins
stage 'lints' cargo clippy --locked --workspace --all-targets -- -D warnings
stage 'tests' cargo test --locked --workspace --no-fail-fast
passed=$(awk '/^test result:/ {n += $4} END {print n + 0}' "$log")
failed=$(awk '/^test result:/ {n += $6} END {print n + 0}' "$log")
printf '\n%d minutes %d seconds\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
if [ ${#failed_stages[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed_stages[*]}"
  [ "$failed" -gt 0 ] || failed=${#failed_stages[@]}
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ ${#failed_stages[@]} -eq 0 ]
