#!/usr/bin/env bash
# Calls a controller with what its OpenAPI document allows, and with what it does not: no call may fail with a server
# error, and no answer may be another than the document says. Everybody calls who may (callers.py).
# Usage: run.sh [seconds of fuzzing]
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.cloister/openapi-venv
[ -x $venv/bin/schemathesis ] || python3 -m venv $venv
$venv/bin/pip install -q --disable-pip-version-check -r tests/openapi/requirements.txt
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-openapi.XXXXXXXX")
controller=
end() {
  if [ -n "$controller" ]; then kill -TERM "$controller" 2>/dev/null || true; wait "$controller" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap end EXIT
"${CARGO_TARGET_DIR:-target}/debug/cloister-controller" --data "$work/data" --http 127.0.0.1:0 --grpc 127.0.0.1:0 \
  --agents 127.0.0.1:0 >"$work/log" 2>&1 &
controller=$!
for _ in $(seq 150); do
  [ -s "$work/data/endpoints.json" ] && break
  kill -0 "$controller" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.2
done
http=$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/data/endpoints.json")
$venv/bin/python tests/openapi/callers.py "http://$http" "$work/data/admin.key" "${1:-45}"
