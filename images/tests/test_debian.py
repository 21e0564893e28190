"""Files of packages are taken as the package shipped them."""

import pathlib

import debian
import pytest

LIBC = "lib/x86_64-linux-gnu/libc.so.6"


def test_a_file_that_was_changed_since_is_refused(monkeypatch):
    package = debian.installed("libc6")
    assert package.read(LIBC).startswith(b"\x7fELF")
    monkeypatch.setattr(debian.Package, "recorded", lambda self: {LIBC: "0" * 32})
    with pytest.raises(debian.NotFromPackage, match="libc6"):
        package.read(LIBC)


def test_a_package_that_is_missing_is_named_with_what_to_do():
    with pytest.raises(debian.NotFromPackage, match="apt-get install no-such-package"):
        debian.installed("no-such-package")


def test_the_machines_own_authorities_are_not_trusted_by_an_image():
    package = debian.installed("ca-certificates")
    shipped = list(pathlib.Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    roots = debian.trust_roots(package)
    assert roots.count(b"-----BEGIN CERTIFICATE-----") == len(shipped) > 100
    for path in pathlib.Path("/usr/local/share/ca-certificates").rglob("*.crt"):
        assert path.read_bytes().strip() not in roots


def test_a_package_url_says_version_and_architecture():
    package = debian.Package("libc6", "2.36-9+deb12u14", "amd64", "debian-12")
    assert package.purl == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12"
