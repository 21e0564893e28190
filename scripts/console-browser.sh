#!/usr/bin/env bash
# The console in a real browser, on a fleet with a PostgreSQL that is started for it: from the printed link to a verified
# answer, what each role is shown, a session that ends in the middle of a form, axe on every page and dialog in both
# themes, text from outside that would be more than text, and a second factor from setting it up to losing it.
# Needs `make build`, `make console`, PostgreSQL and Chromium (CHROMIUM names another than /usr/bin/chromium). Pictures:
# PICTURES, default target/console-pictures. Programs: PROGRAMS, default what `make build` made.
set -euo pipefail
cd "$(dirname "$0")/.."
strict=
also_end() { if [ -n "$strict" ]; then kill -TERM "$strict" 2>/dev/null || true; wait "$strict" 2>/dev/null || true; fi; }
. scripts/console-fleet.sh
read -r http grpc agents < <(free_ports 3)
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key
start_postgres
start_fleet "$http" "$grpc" "$agents"
LINK=$(grep -o 'http://[^ ]*#token=[^ ]*' "$work/up.log")
"$programs/cloister" model keygen --out "$work/signing" >/dev/null
mkdir "$work/model"
cp .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf "$work/model/smollm2.gguf"
"$programs/cloister" model sign "$work/model" --key "$work/signing.pem" >/dev/null 2>&1
# Another one, for the upload that is broken off.
mkdir "$work/other"
cp "$work/model/smollm2.gguf" "$work/other"
echo 'another model' > "$work/other/NOTES.txt"
"$programs/cloister" model sign "$work/other" --key "$work/signing.pem" >/dev/null 2>&1
export LINK MODEL=$work/model SIGNER=$work/signing.pub.pem
export CLOISTER_AUDIT=$programs/cloister-audit
node controller/console/tests/browser/story.mjs
node controller/console/tests/browser/people.mjs
MODEL=$work/other node controller/console/tests/browser/tasks.mjs
MODEL=$work/other node controller/console/tests/browser/approval.mjs
node controller/console/tests/browser/trust.mjs
node controller/console/tests/browser/hostile.mjs
node controller/console/tests/browser/conflict.mjs
node controller/console/tests/browser/nodes.mjs
node controller/console/tests/browser/past.mjs
node controller/console/tests/browser/huge.mjs
AUDIT_KEY=$work/data/controller/audit.key node controller/console/tests/browser/auditor.mjs
node controller/console/tests/browser/history.mjs
node controller/console/tests/browser/tenants.mjs
node controller/console/tests/browser/secondFactor.mjs
"$programs/cloister-controller" --data "$work/strict" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --agents 127.0.0.1:0 \
  --require-second-factor >"$work/strict.log" 2>&1 &
strict=$!
for _ in $(seq 300); do
  [ -s "$work/strict/endpoints.json" ] && break
  kill -0 "$strict" 2>/dev/null || { cat "$work/strict.log" >&2; exit 1; }
  sleep 0.2
done
CLOISTER_URL=http://$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/strict/endpoints.json") \
  CLOISTER_KEY=$(cat "$work/strict/admin.key") node controller/console/tests/browser/secondFactorRequired.mjs
MODEL_NAME=smollm2 node controller/console/tests/browser/dialogs.mjs
PROGRAMS=$programs node controller/console/tests/browser/live.mjs
