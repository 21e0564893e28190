#!/usr/bin/env bash
# The identity providers of the tests: installs oidc-provider as its lock file pins it, and builds Dex from its pinned
# go.mod, outside of the tree. Stamps of the inputs make a second call a matter of a second.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${CLOISTER_IDP_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister-idp/bin}
source=$here/tools/dex package=github.com/dexidp/dex/cmd/dex
version=2.45.1  # of what the pseudo-version in tools/dex/go.mod names: Dex's tags do not follow Go's rules
mkdir -p "$bin"

command -v npm >/dev/null || { echo 'Node 20.19 or newer with npm is missing: it runs an identity provider of the tests' >&2; exit 1; }
if ! cmp -s "$here/package-lock.json" "$here/node_modules/.installed"; then
  from=$SECONDS
  (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
  cp "$here/package-lock.json" "$here/node_modules/.installed"
  printf 'installed %-20s %4d s\n' oidc-provider $((SECONDS - from))
fi

command -v go >/dev/null || { echo 'Go 1.26 or newer is missing: it builds the identity provider of the tests' >&2; exit 1; }
# With C, for SQLite: what Dex keeps in memory alone is gone when it starts again with other groups.
export CGO_ENABLED=1 GOFLAGS='-mod=readonly -tags=netgo,osusergo'

stamp=$({ cat "$source/go.mod" "$source/go.sum" "$0"; go version; } | sha256sum | cut -c1-16)
if [ -x "$bin/dex" ] && [ "$(cat "$bin/dex.stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
from=$SECONDS
(cd "$source" && go build -trimpath -ldflags "-s -w -X main.version=v$version" -o "$bin/dex" "$package")
echo "$stamp" >"$bin/dex.stamp"
printf 'built %-24s %4d s\n' dex $((SECONDS - from))
