"""What is in each image. `docs/images.md` and `Containerfile` tell the same; `tests/` compares them."""

from dataclasses import dataclass

import debian
from layer import USER_ID, Entry

STATIC_TARGET = "x86_64-unknown-linux-musl"
DYNAMIC_TARGET = "x86_64-unknown-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
# What the agent links, and what libraries of a GPU's driver link when the agent loads them.
LIBRARIES = {
    "libc6": ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"],
    "libgcc-s1": ["libgcc_s.so.1"],
}
LIBRARY_FOLDER = "lib/x86_64-linux-gnu"
HOME = "/home/nonroot"
TRUST_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
# A program that has this crate looks for certificate authorities at TRUST_ROOTS.
TRUST_ROOTS_CRATE = "rustls-native-certs"


@dataclass(frozen=True)
class Image:
    """One image: programs by the cargo package that makes them, and how a container of it starts."""

    name: str
    title: str
    target: str
    programs: dict[str, str]
    data: str | None = None
    environment: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def libraries(self) -> dict[str, list[str]]:
        return LIBRARIES if self.target == DYNAMIC_TARGET else {}

    def run(self) -> dict:
        """The `config` object of an OCI image configuration."""
        run = {
            "User": f"{USER_ID}:{USER_ID}",
            "Entrypoint": ["/" + next(iter(self.programs))],
            "Env": ["PATH=/", f"HOME={HOME}", *self.environment],
            "WorkingDir": self.data or HOME,
        }
        if self.ports:
            run["ExposedPorts"] = {f"{port}/tcp": {} for port in self.ports}
        if self.data:
            run["Volumes"] = {self.data: {}}
        return run


IMAGES = [
    Image(
        "controller", "Cloister controller", STATIC_TARGET, {"cloister-controller": "cloister-server"},
        data="/var/lib/cloister",
        # SQLite puts large sorts into a file, and there is no /tmp.
        environment=("CLOISTER_DATA=/var/lib/cloister", "SQLITE_TMPDIR=/var/lib/cloister"),
        ports=(7080, 7081, 7082),
    ),
    Image(
        "cli", "Cloister command line", STATIC_TARGET,
        {"cloister": "cloister-cli", "cloister-audit": "cloister-evidence"},
    ),
    Image(
        "agent", "Cloister node agent", DYNAMIC_TARGET, {"cloister-agent": "cloister-agent"},
        data="/var/lib/cloister-agent",
        environment=(
            "CLOISTER_AGENT_DATA=/var/lib/cloister-agent",
            # Where device plugins and NVIDIA's container toolkit put the driver's libraries.
            "LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/lib64:/usr/lib/x86_64-linux-gnu",
            "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
        ),
    ),
]


def _text(path: str, text: str) -> Entry:
    return Entry(path, 0o644, data=text.encode())


def base_entries(image: Image, licence: bytes, with_trust_roots: bool) -> tuple[list[Entry], list[debian.Package]]:
    """Everything but the programs, and the packages it comes from."""
    entries = [
        _text("/etc/passwd", f"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER_ID}:{USER_ID}:nonroot:{HOME}:/sbin/nologin\n"),
        _text("/etc/group", f"root:x:0:\nnonroot:x:{USER_ID}:\n"),
        Entry(HOME, 0o700, USER_ID),
        Entry("/usr/share/doc/cloister/LICENSE", 0o644, data=licence),
    ]
    packages = []
    if image.data:
        entries.append(Entry(image.data, 0o700, USER_ID))
    for name, libraries in image.libraries.items():
        package = debian.installed(name)
        packages.append(package)
        entries += [Entry(f"/{LIBRARY_FOLDER}/{file}", 0o755, data=_library(package, file)) for file in libraries]
    if image.libraries:
        package = packages[0]
        entries.append(Entry(f"/lib64/{LOADER}", 0o755, data=_library(package, LOADER)))
        # Without it, names are asked of DNS before /etc/hosts on some versions of glibc.
        entries.append(_text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"))
    if with_trust_roots:
        package = debian.installed("ca-certificates")
        packages.append(package)
        entries.append(Entry(TRUST_ROOTS, 0o644, data=debian.trust_roots(package)))
    for package in packages:
        path, terms = package.copyright()
        entries.append(Entry(path, 0o644, data=terms))
    return entries, packages


def _library(package: debian.Package, file: str) -> bytes:
    return package.read(f"{LIBRARY_FOLDER}/{file}")
