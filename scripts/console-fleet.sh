# Sourced by the scripts that try the console: a folder of its own, and a fleet of this machine on free ports, as
# `cloister up` starts it. All of it is gone when the script ends, and what its `also_end` ends, if it has one.
# Programs: PROGRAMS, default what `make build` made. Pictures: PICTURES, default target/console-pictures.
programs=${PROGRAMS:-$PWD/${CARGO_TARGET_DIR:-target}/debug}
work=$(mktemp -d "${TMPDIR:-/tmp}/cloister-console.XXXXXXXX")
fleet=
postgres=
database=

end() {
  if [ -n "$fleet" ]; then kill -TERM "$fleet" 2>/dev/null || true; wait "$fleet" 2>/dev/null || true; fi
  if [ -n "$postgres" ]; then kill -INT "$postgres" 2>/dev/null || true; wait "$postgres" 2>/dev/null || true; fi
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

start_postgres() { # a PostgreSQL that listens on a socket only: the fleet that is started next keeps its state in it
  local programs as=()
  programs=$(for one in /usr/lib/postgresql/*/bin; do echo "$one"; done | sort -V | tail -n 1)
  mkdir "$work/postgres"
  # It refuses to run as root.
  if [ "$(id -u)" = 0 ]; then
    chmod 711 "$work"
    chown 65534:65534 "$work/postgres"
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  fi
  (cd / && "${as[@]}" "$programs/initdb" --pgdata="$work/postgres/data" --username=postgres --auth=trust --no-sync \
    --encoding=UTF8 --locale=C) >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
  (cd / && exec "${as[@]}" "$programs/postgres" -D "$work/postgres/data" -k "$work/postgres" -c listen_addresses= \
    -c fsync=off) >"$work/postgres.log" 2>&1 &
  postgres=$!
  for _ in $(seq 300); do
    "$programs/pg_isready" -q -h "$work/postgres" && break
    kill -0 "$postgres" 2>/dev/null || { cat "$work/postgres.log" >&2; exit 1; }
    sleep 0.2
  done
  database=postgres://postgres@localhost/postgres?host=$work/postgres
}

start_fleet() { # start_fleet HTTP GRPC AGENTS (ports): up when it returns; CLOISTER_KEY is its admin key
  env ${database:+"CLOISTER_DATABASE=$database"} "$programs/cloister" up --no-context --data "$work/data" --http "127.0.0.1:$1" --grpc "127.0.0.1:$2" \
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
