#!/usr/bin/env bash
# The console in a real browser, on a fleet that is started for it: from the printed link to a verified answer, what each
# role is shown, a session that ends in the middle of a form, axe on every page and dialog in both themes, and text
# from outside that would be more than text.
# Needs `make build`, `make console` and Chromium (CHROMIUM names another than /usr/bin/chromium). Pictures: PICTURES,
# default target/console-pictures. Programs: PROGRAMS, default what `make build` made.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=${PROGRAMS:-$PWD/${CARGO_TARGET_DIR:-target}/debug}
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-console.XXXXXXXX")
fleet=
end() {
  if [ -n "$fleet" ]; then kill -TERM "$fleet" 2>/dev/null || true; wait "$fleet" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap end EXIT
read -r http grpc agents < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))')
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key
"$programs/cloister" up --no-context --data "$work/data" --http "127.0.0.1:$http" --grpc "127.0.0.1:$grpc" \
  --agents "127.0.0.1:$agents" >"$work/up.log" 2>&1 &
fleet=$!
for _ in $(seq 300); do
  grep -q 'Cloister is up' "$work/up.log" && break
  kill -0 "$fleet" 2>/dev/null || { cat "$work/up.log" >&2; exit 1; }
  sleep 0.2
done
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
export LINK MODEL=$work/model SIGNER=$work/signing.pub.pem PICTURES=${PICTURES:-$PWD/target/console-pictures}
CLOISTER_KEY=$(cat "$CLOISTER_KEY_FILE")
CLOISTER_AUDIT=$programs/cloister-audit
export CLOISTER_KEY CLOISTER_AUDIT
node controller/console/tests/browser/story.mjs
node controller/console/tests/browser/people.mjs
MODEL=$work/other node controller/console/tests/browser/tasks.mjs
node controller/console/tests/browser/hostile.mjs
node controller/console/tests/browser/conflict.mjs
node controller/console/tests/browser/history.mjs
node controller/console/tests/browser/huge.mjs
AUDIT_KEY=$work/data/controller/audit.key node controller/console/tests/browser/auditor.mjs
MODEL_NAME=smollm2 node controller/console/tests/browser/dialogs.mjs
