"""Signs or verifies a model directory with the PyPI package model-signing.

Usage: model_signing.py sign MODEL SIGNATURE PRIVATE_KEY
       model_signing.py verify MODEL SIGNATURE PUBLIC_KEY

Exits with 0 if it succeeded and with 1 and a reason if not.
"""

import pathlib
import sys

# This file has the package's name: without this line it would import itself.
sys.path.pop(0)

from model_signing import hashing, signing, verifying  # noqa: E402


def sign(model, signature, key):
    files = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=True)
    signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(files).sign(model, signature)


def verify(model, signature, key):
    files = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)
    verifying.Config().use_elliptic_key_verifier(public_key=key).set_hashing_config(files).verify(model, signature)


def main():
    action = {"sign": sign, "verify": verify}[sys.argv[1]]
    try:
        action(*(pathlib.Path(argument) for argument in sys.argv[2:5]))
    except Exception as error:  # the package has no common base for what it refuses with
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
