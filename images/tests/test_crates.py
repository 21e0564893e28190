"""The crates of a program are those that cargo compiles into it."""

import pytest
from contents import STATIC_TARGET
from crates import Workspace, _edges, _reachable

TREE = """\
0a v1.0.0 (/somewhere/a)
1b v2.0.0
2c v3.0.0+meta
1c v3.0.0+meta (*)
0d v4.0.0 (/somewhere/d)
1b v2.0.0 (*)

"""


def test_what_stands_once_in_the_tree_is_known_everywhere():
    needs = _edges(TREE)
    assert _reachable(needs, ("d", "4.0.0")) == [("b", "2.0.0"), ("c", "3.0.0+meta"), ("d", "4.0.0")]
    assert needs["a", "1.0.0"] == {("b", "2.0.0"), ("c", "3.0.0+meta")}


@pytest.fixture(scope="module")
def controller():
    packages = ["cloister-server", "cloister-cli", "cloister-evidence"]
    return {crate.name: crate for crate in Workspace(STATIC_TARGET, packages, "").crates("cloister-server")}


def test_what_only_the_build_uses_is_not_in_the_program(controller):
    assert {"tokio", "rustls", "aws-lc-sys", "cloister-ledger"} <= controller.keys()
    assert not {"serde_derive", "syn", "cc", "tempfile", "protox"} & controller.keys()


def test_what_only_a_neighbour_uses_is_not_in_the_program(controller):
    assert not {"rustyline", "comfy-table"} & controller.keys()


def test_crates_carry_checksum_licence_and_the_c_code_in_them(controller):
    assert len(controller["tokio"].checksum) == 64 and controller["tokio"].licence == "MIT"
    assert controller["cloister-server"].checksum is None
    assert controller["libsqlite3-sys"].bundled.version.startswith("3.")
    assert controller["aws-lc-sys"].bundled.name == "aws-lc"
