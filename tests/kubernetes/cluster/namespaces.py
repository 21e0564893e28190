"""Private PID, mount, network, IPC and UTS namespaces for a command.

When the first process of the PID namespace dies, whatever the reason, the kernel ends every process in it and drops
every mount, network namespace, link, nftables table and route. Only cgroup directories outlive it: they are removed
before and after.
"""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from .settings import LOGS, NAME, TESTS, WORK, environment

# The kubelet sets these for the whole machine; it gets files to write to instead.
MACHINE_WIDE_SETTINGS = [
    "vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
]


def run_inside(command: list[str]) -> int:
    """Runs `command` inside new namespaces; its exit status."""
    remove_cgroups()
    shutil.rmtree(WORK, ignore_errors=True)
    LOGS.mkdir(parents=True)
    wrapper = [
        "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid", "--fork",
        "--kill-child=KILL", "--net", "--ipc", "--uts", "--mount-proc",
        sys.executable, "-m", "cluster", "init", *command,
    ]
    env = {**environment(), "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(wrapper, env=env)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: process.kill())
    try:
        return process.wait()
    finally:
        process.kill()
        process.wait()
        remove_cgroups()


def remove_cgroups() -> None:
    deadline = time.monotonic() + 10
    while trees := glob.glob(f"/sys/fs/cgroup/*/{NAME}"):
        for tree in trees:
            for folder, _, _ in os.walk(tree, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
        if time.monotonic() > deadline:
            raise SystemExit(f"the cgroup {NAME} is still in use")
        time.sleep(0.05)


def init(command: list[str]) -> int:
    """The first process: prepares the namespaces, runs the command, and buries every orphan."""
    prepare()
    child = os.fork()
    if child == 0:
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    while True:
        process, status = os.wait()
        if process == child:
            return os.waitstatus_to_exitcode(status)


def prepare() -> None:
    shell("mount -t tmpfs tmpfs /run", "mkdir -p /run/netns /run/lock", "mount --make-rshared /")
    for name in MACHINE_WIDE_SETTINGS:
        copy = WORK / "sysctl" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(pathlib.Path("/proc/sys", name).read_text())
        shell(f"mount --bind {copy} /proc/sys/{name}")
    shell("ip link set lo up")


def shell(*lines: str) -> None:
    """Commands of the operating system, one a line; the first that fails ends it."""
    for line in lines:
        done = subprocess.run(line, shell=True, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{line}\n{done.stderr}")
