#!/usr/bin/env bash
# A controller that was built before the console was shows it once it is there, as it does in the first `make quickstart`.
# Needs `make quickstart` or `make build`, and then `make console`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/console-fleet.sh
if [ ! -x "$programs/cloister-controller" ]; then
  echo "$programs/cloister-controller is not built: make quickstart" >&2
  [ "${CI:-}" != true ] || exit 1
  exit 0
fi
"$programs/cloister-controller" --data "$work/data" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --agents 127.0.0.1:0 \
  >"$work/controller.log" 2>&1 &
fleet=$!
for _ in $(seq 300); do
  [ -s "$work/data/endpoints.json" ] && break
  kill -0 "$fleet" 2>/dev/null || { cat "$work/controller.log" >&2; exit 1; }
  sleep 0.2
done
url=http://$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$work/data/endpoints.json")/console/
page=$(curl -fsS --max-time 30 "$url") || page=
[[ $page == *'id="root"'* ]] || { echo "$url does not show the console" >&2; exit 1; }
echo "done  a controller that was built before the console shows it"
