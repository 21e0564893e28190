#!/usr/bin/env bash
# `make images`: compiles the programs and writes target/images/{controller,cli,agent}, each also as .tar, with a bill
# of materials beside it. No container daemon is needed.
#   IMAGE_FEATURES    cargo features of the controller
#   IMAGE_REPOSITORY  what stands before /controller in the images' names
#   IMAGES_OUT        where to write; default target/images
#   SOURCE_DATE_EPOCH, IMAGE_REVISION  for a tree without git: the commit's time in seconds since 1970, and its id
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/prerequisites.sh images
features=${IMAGE_FEATURES:-}
target_dir=${CARGO_TARGET_DIR:-target}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
if [ -z "${IMAGE_REVISION:-}" ]; then
  IMAGE_REVISION=$(git rev-parse HEAD)
  [ -z "$(git status --porcelain)" ] || IMAGE_REVISION+=-changed
fi
started=$SECONDS
scripts/console.sh
images/programs.sh "$features"
echo "programs compiled in $((SECONDS - started)) s"
python3 images/write.py --target-dir "$target_dir" --out "${IMAGES_OUT:-target/images}" \
  --repository "${IMAGE_REPOSITORY:-localhost/cloister}" --revision "$IMAGE_REVISION" \
  --created-at "$SOURCE_DATE_EPOCH" --features "$features"
