"""Files of the build machine's Debian packages: taken only as the package shipped them, with what an SBOM says of them."""

import hashlib
import pathlib
import subprocess
import urllib.parse
from dataclasses import dataclass

COPYRIGHT = "usr/share/doc/{}/copyright"
CERTIFICATES = "usr/share/ca-certificates/mozilla/"


class NotFromPackage(Exception):
    """A file is not there, belongs to no package, or is not what its package shipped."""


@dataclass(frozen=True)
class Package:
    """An installed package."""

    name: str
    version: str
    architecture: str
    distribution: str

    @property
    def purl(self) -> str:
        version = urllib.parse.quote(self.version, safe="")
        return f"pkg:deb/debian/{self.name}@{version}?arch={self.architecture}&distro={self.distribution}"

    def recorded(self) -> dict[str, str]:
        """MD5 of each file, by its path without the first slash, as the package's own list has it."""
        lists = pathlib.Path("/var/lib/dpkg/info")
        for name in (f"{self.name}:{self.architecture}.md5sums", f"{self.name}.md5sums"):
            if (lists / name).exists():
                lines = (lists / name).read_text().splitlines()
                return {path: md5 for md5, path in (line.split(maxsplit=1) for line in lines)}
        raise NotFromPackage(f"{self.name} has no list of checksums in {lists}")

    def read(self, path: str) -> bytes:
        """A file of the package, `path` without the first slash; refuses one that was changed since."""
        data = pathlib.Path("/", path).read_bytes()
        recorded = self.recorded()
        # Where /lib became a link to /usr/lib, packages name either.
        expected = recorded.get(path) or recorded.get(path.removeprefix("usr/")) or recorded.get("usr/" + path)
        if expected != hashlib.md5(data, usedforsecurity=False).hexdigest():
            raise NotFromPackage(f"/{path} is not the file that {self.name} {self.version} shipped; reinstall it")
        return data

    def copyright(self) -> tuple[str, bytes]:
        """Path and bytes of the terms under which the package may be passed on."""
        path = COPYRIGHT.format(self.name)
        return "/" + path, pathlib.Path("/", path).read_bytes()


def installed(name: str) -> Package:
    """The installed package of that name."""
    query = ["dpkg-query", "-W", "-f", "${Version}\t${Architecture}", name]
    try:
        answer = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotFromPackage(
            f"the Debian package {name} is not installed here: apt-get install {name}. "
            "On other systems use images/Containerfile"
        ) from error
    version, architecture = answer.split("\t")
    return Package(name, version, architecture, _distribution())


def _distribution() -> str:
    fields = dict(
        line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return f"{fields.get('ID', 'debian')}-{fields.get('VERSION_ID', 'unknown')}".replace('"', "")


def trust_roots(package: Package) -> bytes:
    """Mozilla's certificate authorities as one PEM file. Not the machine's own file: that has local authorities too."""
    paths = sorted(path for path in package.recorded() if path.startswith(CERTIFICATES) and path.endswith(".crt"))
    return b"".join(package.read(path).rstrip(b"\n") + b"\n" for path in paths)
