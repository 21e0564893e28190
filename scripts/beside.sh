#!/usr/bin/env bash
# Runs a command in the processors' idle time alone: what runs beside it loses nothing.   beside.sh COMMAND …
# Where the system does not let a process choose that (sched(7), SCHED_IDLE), it has the lowest priority.
set -euo pipefail
if chrt --idle 0 true 2>/dev/null; then exec chrt --idle 0 "$@"; else exec nice -n 19 "$@"; fi
