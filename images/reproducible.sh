#!/usr/bin/env bash
# `make images-reproducible`: builds the images a second time, wholly, from a copy of this tree in another folder with
# an empty target folder, and compares the digests with those of `make images`.
#   IMAGE_BINS            compare only these static programs, byte by byte: a quarter of the time
#   IMAGES_SECOND_TARGET  target folder of the second build, kept afterwards; default: a temporary one
set -euo pipefail
cd "$(dirname "$0")/.."
images/build.sh
first=$(cat target/images/digests.txt)
revision=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || revision+=-changed
elsewhere=$(mktemp -d "${TMPDIR:-/tmp}/cloister-images-again.XXXXXXXX")
trap 'rm -rf "$elsewhere"' EXIT
mkdir "$elsewhere/a-copy-of-the-tree"
# What git tracks or would track, as it is now.
git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' path; do
  [ ! -e "$path" ] || printf '%s\0' "$path"
done | tar --null --files-from=- -cf - | tar -xf - -C "$elsewhere/a-copy-of-the-tree"
if [ -n "${IMAGE_BINS:-}" ]; then
  CARGO_TARGET_DIR="$elsewhere/target" "$elsewhere/a-copy-of-the-tree/images/programs.sh" "${IMAGE_FEATURES:-}"
  for bin in $IMAGE_BINS; do
    sha256sum "target/x86_64-unknown-linux-musl/image/$bin" "$elsewhere/target/x86_64-unknown-linux-musl/image/$bin"
    cmp "target/x86_64-unknown-linux-musl/image/$bin" "$elsewhere/target/x86_64-unknown-linux-musl/image/$bin"
  done
  echo 'The same programs.'
  exit 0
fi
IMAGE_REVISION=$revision SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) IMAGES_OUT="$elsewhere/images" \
  CARGO_TARGET_DIR="${IMAGES_SECOND_TARGET:-$elsewhere/target}" "$elsewhere/a-copy-of-the-tree/images/build.sh"
second=$(cat "$elsewhere/images/digests.txt")
printf '\nfirst build:\n%s\nsecond build:\n%s\n' "$first" "$second"
for name in controller cli agent; do
  cmp "target/images/$name.cdx.json" "$elsewhere/images/$name.cdx.json" || exit 1
done
if [ "$first" != "$second" ]; then
  mkdir -p target/images/second
  cp -r "$elsewhere/images/." target/images/second/
  echo "The digests differ: something of the folder or the time is in the images. The second ones are in target/images/second." >&2
  exit 1
fi
echo 'The same digests.'
