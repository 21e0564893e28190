#!/usr/bin/env bash
# How fast the console is on this machine: the first page of a fleet that is started for it, and a table of ten thousand
# rows, in Chromium. Prints figures beside their limits; they hold on a machine that does nothing else.
# Needs `make build`, `make console` and Chromium (CHROMIUM names another than /usr/bin/chromium).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/console-fleet.sh
read -r http grpc agents < <(free_ports 3)
export HOME=$work CLOISTER_URL=http://127.0.0.1:$http CLOISTER_KEY_FILE=$work/data/controller/admin.key
start_fleet "$http" "$grpc" "$agents"
node controller/console/tests/browser/speed.mjs
