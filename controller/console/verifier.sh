#!/usr/bin/env bash
# Builds `cloister-audit`, the auditor's program, as WebAssembly into public/verifier: the console runs it in the
# browser, over evidence and a key that the reader holds.
set -euo pipefail
cd "$(dirname "$0")"
target=wasm32-wasip1
rustup target list --installed | grep -qx $target || rustup target add $target
# Where it was built is not in its bytes.
root=$(cd ../.. && pwd -P)
export CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=$root=/cloister"$'\x1f'"--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
unset RUSTFLAGS
cargo build --locked --quiet --profile verifier --target $target -p cloister-evidence --bin cloister-audit
built=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
mkdir -p public/verifier
cp "$built/$target/verifier/cloister-audit.wasm" public/verifier/
printf 'verifier: %d KiB\n' $(($(stat -c %s public/verifier/cloister-audit.wasm) / 1024))
