#!/usr/bin/env bash
# How fast the console is on this machine: the first page of a fleet that is started for it, and a table of ten thousand
# rows, in Chromium. Prints figures beside their limits; they hold on a machine that does nothing else.
# Needs `make build`, `make console`, `make model` and Chromium (CHROMIUM names another than /usr/bin/chromium).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/console-fleet.sh
read -r http grpc agents < <(free_ports 3)
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key
start_fleet "$http" "$grpc" "$agents"
"$programs/cloister" model keygen --out "$work/signing" >/dev/null
mkdir "$work/model"
cp .cloister/models/SmolLM2-135M-Instruct.Q4_1.gguf "$work/model/smollm2.gguf"
{
  "$programs/cloister" model sign "$work/model" --key "$work/signing.pem"
  "$programs/cloister" signer trust "$work/signing.pub.pem" --name reports
  "$programs/cloister" model import "$work/model" --name smollm2
  "$programs/cloister" deploy ward --model smollm2 --wait
  "$programs/cloister" chat ward -m 'Name a colour.' --max-tokens 8
} >/dev/null 2>&1 || { echo 'the fleet could not be given something to show' >&2; exit 1; }
node controller/console/tests/browser/speed.mjs
