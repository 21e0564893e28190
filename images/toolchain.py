"""What the compiler itself puts into a program: Rust's standard library, and for static programs the C library."""

import pathlib
import re
import subprocess
from dataclasses import dataclass

from contents import STATIC_TARGET
from crates import ROOT


@dataclass(frozen=True)
class Part:
    """A library of the toolchain."""

    name: str
    version: str
    licence: str
    cpe: str | None


def _rustc(*arguments: str) -> str:
    return subprocess.run(["rustc", *arguments], check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def parts(target: str) -> list[Part]:
    """The toolchain's libraries in programs for `target`."""
    release = re.search(r"^release: (.+)$", _rustc("--version", "--verbose"), re.MULTILINE)
    version = release[1] if release else "unknown"
    found = [Part("rust-std", version, "MIT OR Apache-2.0", f"cpe:2.3:a:rust-lang:rust:{version}:*:*:*:*:*:*:*")]
    if target == STATIC_TARGET:
        library = pathlib.Path(_rustc("--print", "sysroot"), "lib/rustlib", target, "lib/self-contained/libc.a")
        musl = re.search(rb"\0(1\.\d+\.\d+)\0", library.read_bytes())
        if musl is None:
            raise ValueError(f"{library} does not say which version of musl it is")
        version = musl[1].decode()
        found.append(Part("musl", version, "MIT", f"cpe:2.3:a:musl-libc:musl:{version}:*:*:*:*:*:*:*"))
    return found
