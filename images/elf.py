"""What a program asks the loader for."""

import pathlib
import re
import subprocess


class WrongLinkage(Exception):
    """A program needs what its image does not have."""


def needed(program: pathlib.Path) -> set[str]:
    """Libraries and loader that the program names; empty for a static one."""
    text = subprocess.run(
        ["readelf", "--wide", "--dynamic", "--program-headers", program],
        check=True, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout
    libraries = re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", text)
    loaders = re.findall(r"Requesting program interpreter: .*/(.+?)\]", text)
    return {*libraries, *loaders}


def check(program: pathlib.Path, present: set[str]) -> None:
    """Refuses a program that needs a library which is not `present` in its image."""
    missing = sorted(needed(program) - present)
    if missing:
        raise WrongLinkage(f"{program} needs {', '.join(missing)}, which its image does not have")
