#!/usr/bin/env bash
# Signing in with identity providers, in a real browser: two Dex, an oidc-provider that has a logout of its own, a fleet
# on PostgreSQL that trusts all three, and what must not get in.
# Needs `make build`, `make console`, tests/idp/build-tools.sh, PostgreSQL and Chromium (CHROMIUM names another than
# /usr/bin/chromium). Pictures: PICTURES, default target/console-pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/console-fleet.sh
also_end() {
  for issuer in clinic partner; do tests/idp/dex.sh stop "$work/$issuer" || true; done
  tests/idp/oidc-provider.sh stop "$work/hospital" || true
}
read -r http grpc agents clinic partner hospital < <(free_ports 6)
export CLOISTER_IDP_BIN=${CLOISTER_IDP_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister-idp/bin}
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key CLOISTER_OIDC=$work/oidc.toml

trusted() { # trusted ID NAME ISSUER SCOPES RECHECK: puts a provider into the controller's file
  cat >>"$CLOISTER_OIDC" <<END

[[issuer]]
id = "$1"
name = "$2"
url = "$3"
client_id = "cloister"
client_secret_file = "$work/$1/secret"
scopes = [$4]
recheck = "$5"
[[issuer.roles]]
group = "platform"
roles = ["fleet-admin"]
[[issuer.roles]]
group = "compliance"
roles = ["auditor"]
END
}
callback() { echo "$CLOISTER_URL/api/v1/session/oidc/$1/callback"; }
dex() { # dex ID NAME HOST:PORT RECHECK: starts one, which is trusted
  local url
  url=$(tests/idp/dex.sh start "$work/$1" "$3" "$(callback "$1")")
  trusted "$1" "$2" "$url" '"groups", "offline_access"' "$4"
}
echo "public_url = \"$CLOISTER_URL\"" >"$CLOISTER_OIDC"
# One of them is another site for the browser, as providers are: cookies that stay within a site do not come back from it.
dex clinic 'Clinic account' "localhost:$clinic" 5m
dex partner 'Partner account' "127.0.0.1:$partner" 4s
url=$(tests/idp/oidc-provider.sh start "$work/hospital" "localhost:$hospital" "$(callback hospital)" "$CLOISTER_URL/console/login")
trusted hospital 'Hospital account' "$url" '"groups"' 4s

start_postgres
start_fleet "$http" "$grpc" "$agents"
export PROVIDERS=$work DEX=$PWD/tests/idp/dex.sh OIDC_PROVIDER=$PWD/tests/idp/oidc-provider.sh
node controller/console/tests/browser/oidc.mjs
node controller/console/tests/browser/oidcEnds.mjs
HOSPITAL=$url node controller/console/tests/browser/oidcLogout.mjs
