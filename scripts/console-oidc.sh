#!/usr/bin/env bash
# Signing in with identity providers, in a real browser: two Dex, a fleet that trusts both, and what must not get in.
# Needs `make build`, `make console`, tests/idp/build-tools.sh and Chromium (CHROMIUM names another than
# /usr/bin/chromium). Pictures: PICTURES, default target/console-pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/${CARGO_TARGET_DIR:-target}/debug
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-oidc.XXXXXXXX")
fleet=
end() {
  if [ -n "$fleet" ]; then kill -TERM "$fleet" 2>/dev/null || true; wait "$fleet" 2>/dev/null || true; fi
  for issuer in clinic partner; do tests/idp/dex.sh stop "$work/$issuer" || true; done
  rm -rf "$work"
}
trap end EXIT
read -r http grpc agents clinic partner < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(5)]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))')
export CLOISTER_IDP_BIN=${CLOISTER_IDP_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister-idp/bin}
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key CLOISTER_OIDC=$work/oidc.toml

trusted() { # trusted ID NAME HOST:PORT RECHECK: starts the provider, and puts it into the controller's file
  local url
  url=$(tests/idp/dex.sh start "$work/$1" "$3" "$CLOISTER_URL/api/v1/session/oidc/$1/callback")
  cat >>"$CLOISTER_OIDC" <<END

[[issuer]]
id = "$1"
name = "$2"
url = "$url"
client_id = "cloister"
client_secret_file = "$work/$1/secret"
scopes = ["groups", "offline_access"]
recheck = "$4"
[[issuer.roles]]
group = "platform"
roles = ["fleet-admin"]
[[issuer.roles]]
group = "compliance"
roles = ["auditor"]
END
}
echo "public_url = \"$CLOISTER_URL\"" >"$CLOISTER_OIDC"
# One of them is another site for the browser, as providers are: cookies that stay within a site do not come back from it.
trusted clinic 'Clinic account' "localhost:$clinic" 5m
trusted partner 'Partner account' "127.0.0.1:$partner" 4s

"$programs/cloister" up --no-context --data "$work/data" --http "127.0.0.1:$http" --grpc "127.0.0.1:$grpc" \
  --agents "127.0.0.1:$agents" >"$work/up.log" 2>&1 &
fleet=$!
for _ in $(seq 300); do
  grep -q 'Cloister is up' "$work/up.log" && break
  kill -0 "$fleet" 2>/dev/null || { cat "$work/up.log" >&2; exit 1; }
  sleep 0.2
done
CLOISTER_KEY=$(cat "$CLOISTER_KEY_FILE")
export CLOISTER_KEY PROVIDERS=$work DEX=$PWD/tests/idp/dex.sh PICTURES=${PICTURES:-$PWD/target/console-pictures}
node controller/console/tests/browser/oidc.mjs
node controller/console/tests/browser/oidcEnds.mjs
