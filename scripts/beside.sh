#!/usr/bin/env bash
# Runs a command in the idle time of the processors: whatever else wants them goes first.   beside.sh COMMAND …
# Where the system does not let a process choose that (sched(7), SCHED_IDLE), it has the lowest priority.
set -euo pipefail
if chrt --idle 0 true 2>/dev/null; then exec chrt --idle 0 "$@"; else exec nice -n 19 "$@"; fi
