#!/usr/bin/env bash
# An identity provider for tests: Dex on loopback, with people whose groups are chosen here.
#   dex.sh start FOLDER HOST:PORT REDIRECT_URI [NAME=GROUP[,GROUP...] ...]     ready when it returns; prints the issuer
#   dex.sh stop FOLDER
#   dex.sh again FOLDER [NAME=GROUP[,GROUP...] ...]     stops it if it runs, and starts it with these people
# HOST is `localhost` or `127.0.0.1`: for a browser these are two sites.
# NAME signs in as NAME@hospital.example with the password below. Its client is `cloister`, whose secret is below too.
# What Dex knows is in FOLDER/dex.db: started again it goes on from there, with the people of this time. Without the file
# its keys are new ones, and every refresh token of before is unknown.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/process.sh"
dex=${CLOISTER_IDP_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister-idp/bin}/dex
secret=secret-of-the-tests
# bcrypt of `seven quiet otters`, with the least cost that Dex takes
hash='$2b$10$o4KtpdT.BKmLvhQcYyY9wuV/ho0UQvCC7u7qhHxHqH0oZAvQAwNwm'

people() { # people NAME=GROUPS...: the same person has the same `sub` at every provider
  local one name
  for one; do
    name=${one%%=*}
    echo "- {email: $name@hospital.example, username: $name, preferredUsername: $name, userID: id-of-$name, hash: '$hash', groups: [${one#*=}]}"
  done
}

configuration() { # configuration FOLDER HOST:PORT REDIRECT_URI NAME=GROUPS...
  cat <<END
issuer: http://$2/dex
storage: {type: sqlite3, config: {file: $1/dex.db}}
web: {http: 127.0.0.1:${2##*:}}
logger: {level: debug}
oauth2: {responseTypes: [code], skipApprovalScreen: true}
expiry: {idTokens: 10m, refreshTokens: {reuseInterval: 1s, disableRotation: false}}
staticClients:
- {id: cloister, name: Cloister, secret: $secret, redirectURIs: ["$3"]}
enablePasswordDB: true
staticPasswords:
END
  people "${@:4}"
}

start() {
  local folder=$1 issuer=http://$2/dex
  [ $# -gt 3 ] || set -- "$@" anna=platform omar=compliance zoe=visitors
  [ -x "$dex" ] || { echo "$dex is missing: $here/build-tools.sh builds it" >&2; exit 1; }
  mkdir -p "$folder"
  (umask 077; configuration "$@" >"$folder/dex.yaml"; printf %s "$secret" >"$folder/secret")
  printf '%s\n' "$2" "$3" >"$folder/place"
  launch "$folder" "$issuer" "$dex" serve "$folder/dex.yaml"
}

again() {
  local place
  mapfile -t place <"$1/place"
  stop "$1"
  start "$1" "${place[@]}" "${@:2}"
}

usage() { echo "usage: $0 start FOLDER HOST:PORT REDIRECT_URI [NAME=GROUPS ...] | stop FOLDER | again FOLDER [NAME=GROUPS ...]" >&2; exit 2; }

case ${1:-} in
  start) [ $# -ge 4 ] || usage; start "${@:2}" ;;
  stop) [ $# -eq 2 ] || usage; stop "$2" ;;
  again) [ $# -ge 2 ] || usage; again "${@:2}" ;;
  *) usage ;;
esac
