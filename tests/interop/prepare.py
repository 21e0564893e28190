"""Makes the Python environment that the interoperability tests use and prints its interpreter.

Usage: prepare.py TARGET_DIRECTORY

The environment is made once and made anew when requirements.txt changes. Tests of several crates may
call this at the same time: a file lock lets one of them work and the others wait.
"""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def prepare(target: pathlib.Path) -> pathlib.Path:
    place = target / "venv-model-signing"
    python = place / "bin" / "python"
    stamp = place / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    target.mkdir(parents=True, exist_ok=True)
    with open(target / "venv-model-signing.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True, stdout=sys.stderr)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        subprocess.run(install, check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
        return python


if __name__ == "__main__":
    print(prepare(pathlib.Path(sys.argv[1]).resolve()))
