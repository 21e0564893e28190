#!/usr/bin/env bash
# `make console`: builds the web console into controller/console/dist, where the controller takes it from. Programs of
# `make build` read it from there when they are asked; images have it inside.
set -euo pipefail
cd "$(dirname "$0")/../controller/console"
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
node=$(node --version 2>/dev/null | tr -d v || true)
if [ -z "$node" ] || ! at_least 20.19 "$node" || ! command -v npm >/dev/null; then
  echo "The console needs Node 20.19 or newer with npm (found: ${node:-none}). Everything else works without it." >&2
  exit 1
fi
# Two at once would take the packages from under each other.
exec 9>.build.lock
flock 9
packages=
if [ ! -f node_modules/.installed ] || ! cmp -s package-lock.json node_modules/.installed; then
  # Mostly waiting: the verifier is compiled meanwhile.
  (npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed) & packages=$!
fi
./verifier.sh
if [ -n "$packages" ]; then wait "$packages"; fi
# Built anew only from something new: a controller that has the files inside is compiled again when they are written.
inputs=$(find src public scripts index.html package.json package-lock.json tsconfig.json vite.config.ts -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [ ! -f dist/index.html ] || [ "$inputs" != "$(cat node_modules/.built-from 2>/dev/null)" ]; then
  npm run --silent build -- --logLevel warn
  printf '%s\n' "$inputs" > node_modules/.built-from
fi
npm run --silent size
