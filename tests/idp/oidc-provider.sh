#!/usr/bin/env bash
# An identity provider for tests that has a logout of its own: oidc-provider on loopback (oidc-provider.mjs).
#   oidc-provider.sh start FOLDER HOST:PORT REDIRECT_URI POST_LOGOUT_URI     ready when it returns; prints the issuer
#   oidc-provider.sh rekey FOLDER     it signs with a new key from now on, and forgets nothing
#   oidc-provider.sh stop FOLDER
# People and their groups are in FOLDER/people.json, e.g. {"nora": ["compliance"]}, read whenever one is asked for; all have
# the password of the tests (pages.mjs).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/process.sh"

start() {
  local folder=$1
  [ -d "$here/node_modules/oidc-provider" ] || { echo "oidc-provider is missing: $here/build-tools.sh installs it" >&2; exit 1; }
  mkdir -p "$folder"
  (umask 077; printf %s secret-of-the-tests >"$folder/secret")
  [ -f "$folder/people.json" ] || echo '{"nora": ["compliance"]}' >"$folder/people.json"
  launch "$folder" "http://$2" env NODE_ENV=production node "$here/oidc-provider.mjs" "$@"
}

rekey() {
  local before
  before=$(grep -c '^signs with' "$1/log")
  kill -HUP "$(cat "$1/pid")"
  for _ in $(seq 100); do
    [ "$(grep -c '^signs with' "$1/log")" -gt "$before" ] && return
    sleep 0.1
  done
  cat "$1/log" >&2
  exit 1
}

usage() { echo "usage: $0 start FOLDER HOST:PORT REDIRECT_URI POST_LOGOUT_URI | rekey FOLDER | stop FOLDER" >&2; exit 2; }

case ${1:-} in
  start) [ $# -eq 5 ] || usage; start "${@:2}" ;;
  rekey) [ $# -eq 2 ] || usage; rekey "$2" ;;
  stop) [ $# -eq 2 ] || usage; stop "$2" ;;
  *) usage ;;
esac
