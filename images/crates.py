"""Which crates are compiled into a program, asked of cargo itself."""

import json
import pathlib
import re
import subprocess
import tomllib
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
# `cargo tree --prefix depth`: the depth, then `name vVERSION`, then a source that does not matter here.
TREE_LINE = re.compile(r"^(\d+)(\S+) v(\S+)")
# C code inside crates, and where its version is written.
BUNDLED_C = {
    "aws-lc-sys": ("aws-lc", "aws-lc/include/openssl/base.h", r'AWSLC_VERSION_NUMBER_STRING "([^"]+)"',
                   "Apache-2.0 OR ISC", "cpe:2.3:a:amazon:aws-lc:{}:*:*:*:*:*:*:*"),
    "libsqlite3-sys": ("sqlite", "sqlite3/sqlite3.h", r'define SQLITE_VERSION\s+"([^"]+)"',
                       "blessing", "cpe:2.3:a:sqlite:sqlite:{}:*:*:*:*:*:*:*"),
}

Key = tuple[str, str]


@dataclass(frozen=True)
class BundledC:
    """A C library whose source is inside a crate."""

    name: str
    version: str
    licence: str
    cpe: str


@dataclass
class Crate:
    """A crate of a program. `checksum` is the SHA-256 of its package file; our own crates have none."""

    name: str
    version: str
    licence: str | None
    checksum: str | None
    bundled: BundledC | None
    needs: set[Key] = field(default_factory=set)

    @property
    def key(self) -> Key:
        return (self.name, self.version)


def _cargo(*arguments: str) -> str:
    return subprocess.run(
        ["cargo", *arguments, "--locked"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout


def _edges(text: str) -> dict[Key, set[Key]]:
    """Who needs whom, from `cargo tree --prefix depth`. A crate's needs stand under its first mention only."""
    needs: dict[Key, set[Key]] = {}
    path: list[Key] = []
    for match in filter(None, map(TREE_LINE.match, text.splitlines())):
        depth, key = int(match[1]), (match[2], match[3])
        needs.setdefault(key, set())
        del path[depth:]
        if path:
            needs[path[-1]].add(key)
        path.append(key)
    return needs


def _reachable(needs: dict[Key, set[Key]], root: Key) -> list[Key]:
    seen, waiting = {root}, [root]
    while waiting:
        for key in needs[waiting.pop()] - seen:
            seen.add(key)
            waiting.append(key)
    return sorted(seen)


def _bundled(name: str, folder: pathlib.Path) -> BundledC | None:
    if name not in BUNDLED_C:
        return None
    library, header, pattern, licence, cpe = BUNDLED_C[name]
    found = re.search(pattern, (folder / header).read_text())
    if found is None:
        raise ValueError(f"{folder / header} no longer says its version as {pattern}")
    return BundledC(library, found[1], licence, cpe.format(found[1]))


class Workspace:
    """What cargo knows of one build: a target, the packages selected together, and the features asked for."""

    def __init__(self, target: str, packages: list[str], features: str):
        # Features unify over the selection, so the tree is asked for the same selection as the build.
        selection = [argument for package in packages for argument in ("--package", package)]
        wanted = ["--features", features] if features else []
        tree = ["tree", "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "depth"]
        self._needs = _edges(_cargo(*tree, "--format", "{p}", *selection, *wanted))
        metadata = json.loads(_cargo("metadata", "--format-version", "1", "--filter-platform", target, "--all-features"))
        self._packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
        lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
        self._checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}
        self.version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]

    def crates(self, package: str) -> list[Crate]:
        """Every crate whose code can be in the programs of `package`, that one included."""
        return [self._crate(key) for key in _reachable(self._needs, (package, self.version))]

    def _crate(self, key: Key) -> Crate:
        package = self._packages[key]
        licence = package["license"]
        return Crate(
            *key,
            # `/` is how crates wrote `OR` before SPDX expressions.
            licence=licence.replace("/", " OR ") if licence else None,
            checksum=self._checksums.get(key),
            bundled=_bundled(key[0], pathlib.Path(package["manifest_path"]).parent),
            needs=self._needs[key],
        )
