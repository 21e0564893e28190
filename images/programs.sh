#!/usr/bin/env bash
# Compiles what the images hold, so that neither the folder nor the time of the build is in the bytes.
# Usage: programs.sh FEATURES   (cargo features of the controller, may be empty)
# With IMAGE_BINS='NAME …' only those of the static ones.
# Prints nothing on success; the programs are in $CARGO_TARGET_DIR/TARGET/image (default: target/).
set -euo pipefail
cd "$(dirname "$0")/.."
features=${1:-}
root=$(pwd -P)
target_dir=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target_dir"
target_dir=$(cd "$target_dir" && pwd -P)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)
rustc_commit=$(rustc --version --verbose | sed -n 's/^commit-hash: //p')

# Of two prefixes that match, rustc and gcc take the one that was given last.
from=("$root" "$target_dir") to=(/cloister /cloister/target)
for index in "$cargo_home"/registry/src/*/; do
  [ -d "$index" ] && { from+=("${index%/}"); to+=(/crates); }
done
from+=("$sysroot/lib/rustlib/src/rust") to+=("/rustc/$rustc_commit")
rustflags='' cflags=''
for i in "${!from[@]}"; do
  rustflags+=${rustflags:+$'\x1f'}"--remap-path-prefix=${from[i]}=${to[i]}"
  cflags+="${cflags:+ }\"-ffile-prefix-map=${from[i]}=${to[i]}\""
done
export CARGO_ENCODED_RUSTFLAGS=$rustflags CFLAGS=$cflags CC_SHELL_ESCAPED_FLAGS=1
# The same for every commit: compilers of C look at it, and what it says is not in the programs.
export SOURCE_DATE_EPOCH=315532800
export CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$target_dir CC_x86_64_unknown_linux_musl=musl-gcc
unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS CXXFLAGS LDFLAGS

# Only some of the static programs, with the same features: the packages that are selected decide on those.
bins=(--bins)
if [ -n "${IMAGE_BINS:-}" ]; then
  bins=()
  for bin in $IMAGE_BINS; do bins+=(--bin "$bin"); done
fi
# Static: these only speak to the network and the disk.
cargo build --locked --profile image --target x86_64-unknown-linux-musl "${bins[@]}" \
  --package cloister-server --package cloister-cli --package cloister-evidence ${features:+--features "$features"}
[ -z "${IMAGE_BINS:-}" ] || exit 0
# Dynamic: static programs cannot load the libraries of a GPU's driver.
cargo build --locked --profile image --target x86_64-unknown-linux-gnu --bins --package cloister-agent
