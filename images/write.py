"""Writes the three images from compiled programs, with a bill of materials beside each, and prints a table.

Usage: write.py --target-dir DIR --out DIR --repository NAME --revision COMMIT --created-at SECONDS [--features LIST]
"""

import argparse
import functools
import hashlib
import pathlib
import sys

import debian
import elf
import layout
import sbom
import toolchain
from contents import IMAGES, LIBRARIES, LOADER, STATIC_TARGET, TRUST_ROOTS_CRATE, Image, base_entries
from crates import ROOT, Workspace
from layer import Entry, make_layer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target-dir", type=pathlib.Path, required=True, help="where cargo put the programs")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--repository", required=True, help="what stands before /controller in the images' names")
    parser.add_argument("--revision", required=True, help="the commit")
    parser.add_argument("--created-at", type=int, required=True, help="seconds since 1970")
    parser.add_argument("--features", default="", help="cargo features of the controller")
    return parser.parse_args()


@functools.cache
def _workspace(target: str, features: str) -> Workspace:
    """The selection that `programs.sh` builds for this target."""
    packages = [package for image in IMAGES if image.target == target for package in image.programs.values()]
    return Workspace(target, packages, features if target == STATIC_TARGET else "")


def _labels(image: Image, version: str, revision: str) -> dict[str, str]:
    labels = {"title": image.title, "version": version, "revision": revision, "licenses": "Apache-2.0"}
    return {f"org.opencontainers.image.{name}": value for name, value in labels.items()}


def _programs(image: Image, target_dir: pathlib.Path, workspace: Workspace) -> tuple[list[Entry], list[sbom.Program]]:
    present = {LOADER, *(file for files in LIBRARIES.values() for file in files)} if image.libraries else set()
    entries, programs = [], []
    for name, package in image.programs.items():
        path = target_dir / image.target / "image" / name
        elf.check(path, present)
        data = path.read_bytes()
        entries.append(Entry("/" + name, 0o755, data=data))
        programs.append(sbom.Program(name, package, hashlib.sha256(data).hexdigest(), workspace.crates(package)))
    return entries, programs


def _write_image(image: Image, asked: argparse.Namespace) -> str:
    """Writes one image and returns its line of the table."""
    workspace = _workspace(image.target, asked.features)
    entries, programs = _programs(image, asked.target_dir, workspace)
    crates = {crate.name for program in programs for crate in program.crates}
    base, packages = base_entries(image, (ROOT / "LICENSE").read_bytes(), TRUST_ROOTS_CRATE in crates)
    layers = [
        ("files that the programs need", make_layer(base, asked.created_at)),
        (f"programs: {', '.join(image.programs)}", make_layer(entries, asked.created_at)),
    ]
    labels = _labels(image, workspace.version, asked.revision)
    built = layout.build(layers, image.run(), labels, asked.created_at)
    layout.write(built, f"{asked.repository}/{image.name}:{workspace.version}", asked.out / image.name, asked.created_at)
    subject = sbom.Subject(image.name, image.title, workspace.version, built.digest, asked.created_at)
    bill = sbom.bill(subject, programs, toolchain.parts(image.target), packages)
    (asked.out / f"{image.name}.cdx.json").write_bytes(bill)
    mib = [size / 2**20 for size in (built.compressed_bytes, built.uncompressed_bytes)]
    return f"{image.name:<11}{mib[0]:>10.1f}{mib[1]:>10.1f}  {built.digest}"


def main() -> int:
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        lines = [_write_image(image, asked) for image in IMAGES]
    except (debian.NotFromPackage, elf.WrongLinkage) as error:
        print(f"The images cannot be written: {error}", file=sys.stderr)
        return 1
    table = "\n".join([f"{'image':<11}{'MiB, gzip':>10}{'MiB':>10}  digest", *lines])
    (asked.out / "digests.txt").write_text("".join(f"{line.split()[-1]}  {line.split()[0]}\n" for line in lines))
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
