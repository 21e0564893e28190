#!/usr/bin/env bash
# `make bench`: figures of this machine. Ratios hold when the machine is noisy, single figures do not.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${MODEL:-.cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf}
threads=${THREADS:-2}
scripts/prerequisites.sh model
scripts/fetch-model.sh .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf
cargo build --locked --workspace --bins
cargo build --locked --workspace --examples
results=$(mktemp -d "${TMPDIR:-/tmp}/cloister-bench.XXXXXXXX")
trap 'rm -rf "$results"' EXIT

echo "hardware: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
echo
echo "runtime, $(basename "$model"), $threads threads"
target/debug/examples/engine_bench "$model" "$threads" > "$results/ours.json"
if python3 -c 'import llama_cpp' 2>/dev/null; then
  python3 tests/perf/peer_llama_cpp.py "$model" "$threads" "$results/ours.json"
else
  echo "no ratios: llama-cpp-python is not installed (python3 -m pip install llama-cpp-python)"
fi
echo
echo "audit log"
target/debug/examples/ledger_bench
echo
echo "gateway"
target/debug/examples/gateway_bench
echo
echo "console"
if command -v npm >/dev/null && command -v "${CHROMIUM:-chromium}" >/dev/null; then
  scripts/console.sh >/dev/null
  scripts/console-speed.sh
else
  echo "no figures: Node with npm and Chromium are not installed"
fi
