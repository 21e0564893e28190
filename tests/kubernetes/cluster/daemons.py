"""The cluster's programs: each in a network namespace and a cgroup of its own, to be stopped and started by name."""

import os
import pathlib
import signal
import subprocess

from .settings import LOGS, NAME, environment
from .wait import until

CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Daemons:
    def __init__(self) -> None:
        self._commands: dict[str, tuple[str, list[str]]] = {}
        self._processes: dict[str, subprocess.Popen] = {}

    def start(self, name: str, namespace: str, command: list[str]) -> None:
        """Starts a program, and remembers how."""
        self._commands[name] = (namespace, [str(part) for part in command])
        self.restart(name)

    def restart(self, name: str) -> None:
        namespace, command = self._commands[name]
        enter = [] if namespace == "" else ["nsenter", f"--net=/run/netns/{namespace}"]
        with open(LOGS / f"{name}.log", "ab") as log:
            self._processes[name] = subprocess.Popen(
                [*enter, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(),
                start_new_session=True, preexec_fn=lambda: join_cgroup(name),
            )

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Ends it; returns when it is gone."""
        process = self._processes[name]
        process.send_signal(number)
        process.wait(30)

    def check(self, name: str) -> None:
        """That it still runs."""
        if (status := self._processes[name].poll()) is not None:
            tail = (LOGS / f"{name}.log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{name} ended with {status}:\n{tail}")

    def until(self, name: str, what: str, condition, seconds: float = 60):
        def alive_and_true():
            self.check(name)
            return condition()

        return until(what, alive_and_true, seconds=seconds)

    def memory_bytes(self, name: str, field: str = "VmRSS") -> int:
        """Resident memory now; `VmHWM` gives its peak since the program started."""
        status = pathlib.Path(f"/proc/{self._processes[name].pid}/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(f"{field}:"))

    def cpu_seconds(self, name: str) -> float:
        """User and system time since the program started."""
        fields = pathlib.Path(f"/proc/{self._processes[name].pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peaks(self) -> dict[str, int]:
        """Peak bytes of each, page cache included."""
        found = {}
        for name in self._commands:
            peak = CGROUPS / "memory" / NAME / "sys" / name / "memory.max_usage_in_bytes"
            if peak.exists():
                found[name] = int(peak.read_text())
        return found

    def stop_all(self) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait(30)


def join_cgroup(name: str) -> None:
    """The same path for CPU and memory: the kubelet demands one hierarchy."""
    for controller in ("cpu", "cpuacct", "memory"):
        folder = CGROUPS / controller / NAME / "sys" / name
        if (CGROUPS / controller).exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cgroup.procs").write_text(str(os.getpid()))
