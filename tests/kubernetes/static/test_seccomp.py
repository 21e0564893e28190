"""The seccomp profile lets agent and workers do what they do, and nothing that the sandbox treats as an attack."""

import json
import re

from chart import CHART, ROOT

PROFILE = json.loads((CHART / "files/seccomp/cloister-agent.json").read_text())
TABLES = (ROOT / "node-agent/sandbox/src/syscalls.rs").read_text()
ALLOWED = {name for rule in PROFILE["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}


def table(name):
    """The system calls that one table of the sandbox names."""
    body = TABLES.split(f"const {name}:")[1].split("];")[0]
    return set(re.findall(r"c::SYS_(\w+)", body))


def test_everything_else_is_refused():
    assert PROFILE["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {rule["action"] for rule in PROFILE["syscalls"]} <= {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"}


def test_no_call_is_listed_twice():
    unconditional = [name for rule in PROFILE["syscalls"] if "args" not in rule for name in rule["names"]]
    assert len(unconditional) == len(set(unconditional))


def test_a_worker_may_do_what_its_own_walls_allow():
    missing = (table("ALLOWED") | table("READ_ONLY_OPEN")) - ALLOWED
    assert not missing


def test_a_worker_may_build_its_walls():
    walls = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prctl", "memfd_create"}
    assert walls <= ALLOWED


def test_what_only_an_attacker_needs_is_refused():
    # The agent starts workers; they themselves may start nothing.
    assert table("FATAL") & ALLOWED == {"execve"}


def test_no_new_namespace_and_no_other_kind_of_socket():
    (clone,) = [rule for rule in PROFILE["syscalls"] if rule["names"] == ["clone"]]
    namespaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
    assert clone["args"] == [{"index": 0, "value": namespaces, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]
    (clone3,) = [rule for rule in PROFILE["syscalls"] if "clone3" in rule["names"]]
    assert (clone3["action"], clone3["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)
    sockets = [rule["args"] for rule in PROFILE["syscalls"] if "socket" in rule["names"]]
    assert sorted(args[0]["value"] for args in sockets) == [1, 2, 10, 16]
