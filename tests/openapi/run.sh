#!/usr/bin/env bash
# Calls a controller with what its OpenAPI document allows, and with what it does not: no call may fail with a server
# error, and no answer may be another than the document says. Usage: run.sh [seconds of fuzzing]
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
# The stream of events has no end to wait for; its tests are in the controller.
$venv/bin/schemathesis run controller/api/openapi.json --url "http://$http" \
  --header "Authorization: Bearer $(cat "$work/data/admin.key")" \
  --exclude-path /api/v1/events \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --phases examples,coverage,fuzzing --max-time "${1:-45}" --seed 20261130 --continue-on-failure \
  --suppress-health-check all --warnings off --generation-database none
