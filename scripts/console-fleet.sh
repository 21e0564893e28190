# Sourced by the scripts that try the console: a folder of its own, and a fleet of this machine on free ports, as
# `cloister up` starts it. Both are gone when the script ends, and what its `also_end` ends, if it has one.
# Programs: PROGRAMS, default what `make build` made. Pictures: PICTURES, default target/console-pictures.
programs=${PROGRAMS:-$PWD/${CARGO_TARGET_DIR:-target}/debug}
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-console.XXXXXXXX")
fleet=

end() {
  if [ -n "$fleet" ]; then kill -TERM "$fleet" 2>/dev/null || true; wait "$fleet" 2>/dev/null || true; fi
  if declare -F also_end >/dev/null; then also_end; fi
  rm -rf "$work"
}
trap end EXIT

free_ports() { # free_ports HOW_MANY: prints them
  python3 -c '
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))' "$1"
}

start_fleet() { # start_fleet HTTP GRPC AGENTS (ports): up when it returns; CLOISTER_KEY is its admin key
  "$programs/cloister" up --no-context --data "$work/data" --http "127.0.0.1:$1" --grpc "127.0.0.1:$2" \
    --agents "127.0.0.1:$3" >"$work/up.log" 2>&1 &
  fleet=$!
  for _ in $(seq 300); do
    grep -q 'Cloister is up' "$work/up.log" && break
    kill -0 "$fleet" 2>/dev/null || { cat "$work/up.log" >&2; exit 1; }
    sleep 0.2
  done
  CLOISTER_KEY=$(cat "$CLOISTER_KEY_FILE")
  export CLOISTER_KEY PICTURES=${PICTURES:-$PWD/target/console-pictures}
}
