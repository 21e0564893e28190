# Sourced by the scripts here: a provider as a process that is started, waited for, and ended by its id.

answers() { curl --silent --fail --noproxy '*' --output /dev/null "$1/.well-known/openid-configuration"; }

launch() { # launch FOLDER ISSUER PROGRAM [WORD ...]: ready when it returns; its output goes to FOLDER/log
  local folder=$1 issuer=$2
  if answers "$issuer"; then echo "another provider answers at $issuer" >&2; exit 1; fi
  "${@:3}" >>"$folder/log" 2>&1 </dev/null &
  echo $! >"$folder/pid"
  for _ in $(seq 300); do
    kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
    if answers "$issuer"; then echo "$issuer"; return; fi
    sleep 0.1
  done
  cat "$folder/log" >&2
  exit 1
}

stop() { # stop FOLDER
  local pid
  [ -f "$1/pid" ] || return 0
  pid=$(cat "$1/pid")
  rm "$1/pid"
  kill -TERM "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}
