#!/usr/bin/env bash
# Names what is missing, and how to get it. Usage: prerequisites.sh build|model|test|images
set -u
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

minimum_rust=1.95
need cargo "cargo ${minimum_rust} or newer: install Rust with rustup"
need cc "a C compiler: apt-get install gcc libc6-dev (Debian), dnf install gcc (Fedora)"
if command -v cargo >/dev/null 2>&1; then
  have=$(cargo --version 2>/dev/null | awk '{print $2}')
  if [ -z "$have" ]; then
    missing+=("the toolchain that rust-toolchain.toml names: rustup toolchain install")
  elif [ "$(printf '%s\n%s\n' "$minimum_rust" "$have" | sort -V | head -n 1)" != "$minimum_rust" ]; then
    missing+=("cargo ${minimum_rust} or newer (this is ${have}): rustup update")
  fi
fi
case "${1:-build}" in
  model|test)
    need python3 "Python 3.9 or newer: apt-get install python3"
    if command -v python3 >/dev/null 2>&1; then
      python3 -m pip --version >/dev/null 2>&1 || missing+=("pip for python3: apt-get install python3-pip")
    fi ;;
esac
if [ "${1:-}" = test ]; then
  need unshare "unshare: apt-get install util-linux"
  need openssl "openssl, whose keys the tests sign with: apt-get install openssl"
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=("venv for python3: apt-get install python3-venv")
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null 2>&1 \
    || missing+=("PostgreSQL's server programs: apt-get install postgresql")
  need go "Go 1.26 or newer, which builds an identity provider of the tests: go.dev/dl"
  need curl "curl: apt-get install curl"
  command -v docker-registry >/dev/null 2>&1 \
    || missing+=("an OCI registry for tests: apt-get install docker-registry")
fi
if [ "${1:-}" = test ] || [ "${1:-}" = images ]; then
  need npm "Node 20.19 or newer with npm, for the console: nodejs.org, or your distribution's"
  need rustup "rustup, for the console's verifier (rustup target add wasm32-wasip1)"
fi
if [ "${1:-}" = test ]; then
  command -v chromium >/dev/null 2>&1 || [ -n "${CHROMIUM:-}" ] \
    || missing+=("Chromium, for the console's tests: apt-get install chromium; or name one in CHROMIUM")
fi
if [ "${1:-}" = images ]; then
  need musl-gcc "musl-gcc, for static programs: apt-get install musl-tools"
  need readelf "readelf: apt-get install binutils"
  need dpkg-query "Debian's packages, whose C library goes into the agent's image; elsewhere use images/Containerfile"
  python3 -c 'import tomllib' 2>/dev/null || missing+=("Python 3.11 or newer: apt-get install python3")
  [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/x86_64-unknown-linux-musl" ] \
    || missing+=("Rust's library for static programs: rustup target add x86_64-unknown-linux-musl")
fi
free_kib=$(df -Pk . | awk 'NR==2 {print $4}')
[ "${free_kib:-0}" -ge $((4 * 1024 * 1024)) ] || missing+=("4 GB of free disk here (there are $((free_kib / 1024)) MiB)")

if [ ${#missing[@]} -gt 0 ]; then
  printf 'Cloister cannot be built here yet. Missing:\n' >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
fi
