#!/usr/bin/env bash
# `make test`: everything, in the order in which a failure is cheapest to see. Ends in a line of sums.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/prerequisites.sh test || exit 1
started=$SECONDS
log=$(mktemp "${TMPDIR:-/tmp}/cloister-test.XXXXXXXX")
this=$log.stage
ends=$log.ends
images=
finish() {
  if [ -n "$images" ] && [ ! -s "$log.images-status" ]; then kill -- "-$images" 2>/dev/null; fi
  rm -f "$log" "$log".*
}
trap finish EXIT
trap 'exit 130' INT TERM
failed_stages=()
stage() {
  local name=$1; shift
  local from=$SECONDS
  printf '\n=== %s\n' "$name"
  if "$@" 2>&1 | tee "$this"; then :; else
    failed_stages+=("$name")
    { printf '\n=== the end of: %s\n' "$name"; tail -n 30 "$this"; } >> "$ends"
  fi
  cat "$this" >> "$log"
  printf '=== %s: %d s\n' "$name" $((SECONDS - from))
}
stage 'formatting' cargo fmt --all --check
stage 'model' scripts/fetch-model.sh .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf
stage 'console' scripts/console.sh
stage 'console: shown by what was built before it' scripts/console-late.sh
console() { (cd controller/console && npm run --silent "$@"); }
stage 'console: types' console check
stage 'console: unit tests' console test
stage 'programs' cargo build --locked --workspace --bins --features cloister-server/kubernetes
stage 'lints' cargo clippy --locked --workspace --all-targets --features cloister-server/kubernetes -- -D warnings
# Other stages wait for browsers and databases most of the time: the images are compiled in that.
begin_images() {
  # A group of its own, so that all of it can be ended; a session of its own would have a share of its own (sched(7)).
  set -m
  scripts/beside.sh bash -c 'make images images-reproducible; echo $? > "$1"' - "$log.images-status" \
    < /dev/null > "$log.images" 2>&1 &
  images=$!
  set +m
}
images_built() {
  tail -n +1 -f --pid="$images" "$log.images"
  [ "$(cat "$log.images-status")" = 0 ]
}
# The operator's tests start a real API server; a laptop without root leaves the cluster out.
cluster=
if [ "${CI:-}" = true ] || [ "$(id -u)" = 0 ]; then
  cluster=yes
  begin_images
  stage 'programs of Kubernetes' tests/kubernetes/build-tools.sh
fi
# The operator is a feature of the controller: with it, so that everything is seen. Without it the quickstart builds.
stage 'console: in a real browser' scripts/console-browser.sh
stage 'identity providers' tests/idp/build-tools.sh
stage 'console: signing in with identity providers' scripts/console-oidc.sh
stage 'OpenAPI: every answer is one that is declared, whoever calls' tests/openapi/run.sh
stage 'tests' cargo test --locked --workspace --features cloister-server/kubernetes --no-fail-fast
if [ -n "$cluster" ]; then
  stage 'images: built twice, the same digests' images_built
  stage 'images: their tests' make images-test
  # The rung `api` ran above, among the tests of the workspace.
  stage 'kubernetes' tests/kubernetes/run.sh chart scale nodes
else
  printf '\n=== the cluster tests are left out: they need root (make test-kubernetes)\n'
fi
# Rust's closing lines, pytest's and Vitest's.
passed=$(awk '/^test result:/ {n += $4} /^[0-9].* in [0-9.]+s/ || /^ +Tests  / {for (i = 2; i <= NF; i++) if ($i ~ /^passed/) n += $(i - 1)} /^done  / {n++} END {print n + 0}' "$log")
failed=$(awk '/^test result:/ {n += $6} /^[0-9].* in [0-9.]+s/ || /^ +Tests  / {for (i = 2; i <= NF; i++) if ($i ~ /^(failed|error)/) n += $(i - 1)} END {print n + 0}' "$log")
# A long run's first failure is far up by now.
if [ -s "$ends" ]; then cat "$ends"; fi
printf '\n%d minutes %d seconds\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
if [ ${#failed_stages[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed_stages[*]}"
  [ "$failed" -gt 0 ] || failed=${#failed_stages[@]}
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ ${#failed_stages[@]} -eq 0 ]
