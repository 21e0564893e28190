#!/usr/bin/env bash
# `make images-test`: how images are written, and the images that `make images` made. Usage: run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in skopeo docker-registry unshare; do
  command -v "$program" >/dev/null || { echo "$program is missing: apt-get install skopeo docker-registry util-linux" >&2; exit 1; }
done
venv=target/venv-images
wanted=$(sha256sum images/tests/requirements.txt)
if [ "$(cat "$venv/made-from" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r images/tests/requirements.txt
  echo "$wanted" > "$venv/made-from"
fi
PATH="$PWD/$venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest -p no:cacheprovider -q images/tests "$@"
