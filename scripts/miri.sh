#!/usr/bin/env bash
# The AVX-512-VNNI kernels, interpreted: exact semantics without the processor.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! cargo +nightly miri --version >/dev/null 2>&1; then
  echo "Miri is missing: rustup toolchain install nightly --component miri --component rust-src" >&2
  exit 1
fi
MIRIFLAGS="-Zmiri-disable-isolation" RUSTFLAGS="-Ctarget-feature=+avx2,+fma,+f16c,+avx512f,+avx512bw,+avx512vl,+avx512dq,+avx512vnni" \
  cargo +nightly miri test --locked -p runtime-kernels avx512
