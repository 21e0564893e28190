#!/usr/bin/env bash
# `make test-kubernetes`: the ladder, each rung with its time. Needs root (namespaces, containerd) and, the first time,
# some ten minutes for Kubernetes itself. Usage: run.sh [chart|api|scale|story|nodes ...]
# Default: chart, api, scale and nodes; `story` is the first part of `nodes`: install, answer, network.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
work=${CLOISTER_KUBERNETES_WORK:-/tmp/cloister-test}
venv=.cloister/kubernetes-venv
failed=()
rung() { # rung NAME SECONDS_MAX COMMAND...
  local name=$1 limit=$2 from=$SECONDS
  shift 2
  printf '\n--- %s\n' "$name"
  timeout --kill-after=10 "$limit" "$@" || failed+=("$name")
  printf -- '--- %s: %d s\n' "$name" $((SECONDS - from))
}
missing=()
for program in containerd runc nft conntrack ip setpriv unshare curl docker-registry; do
  command -v "$program" >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null 2>&1 || missing+=("$program")
done
[ -x /usr/lib/cni/bridge ] || missing+=('containernetworking-plugins')
[ "$(id -u)" = 0 ] || missing+=('root')
if [ ${#missing[@]} -gt 0 ]; then
  echo "the Kubernetes tests cannot run here; missing: ${missing[*]}" >&2
  echo 'Debian: apt-get install containerd runc containernetworking-plugins nftables conntrack iproute2 curl docker-registry musl-tools' >&2
  exit 1
fi

rung 'programs of Kubernetes' 3600 tests/kubernetes/build-tools.sh
[ -x $venv/bin/pytest ] || python3 -m venv $venv
$venv/bin/pip install -q --disable-pip-version-check -r tests/kubernetes/requirements.txt || failed+=('python packages')
inside() { # a rung of pytest within namespaces of its own
  PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m cluster run "$PWD/$venv/bin/python" -m pytest -p no:cacheprovider -q "$@"
}
export -f inside
export here venv
[ $# -gt 0 ] || set -- chart api scale nodes
for name; do
  case $name in
    chart) rung 'chart: renderings' 120 $venv/bin/python -m pytest -p no:cacheprovider -q tests/kubernetes/static ;;
    api) rung 'operator: a real API server' 900 env CI=true cargo test --locked --workspace --features cloister-server/kubernetes --test cluster ;;
    scale) rung 'scale: 1,000 nodes, 500 deployments' 600 bash -c 'inside -s tests/kubernetes/scale' ;;
    story) rung 'cluster of two real nodes: install, answer, network' 600 bash -c 'inside -s tests/kubernetes/nodes/test_01_plain_install.py tests/kubernetes/nodes/test_02_network.py' ;;
    nodes) rung 'cluster of two real nodes' 1500 bash -c 'inside -s --durations=20 tests/kubernetes/nodes' ;;
    *) echo "there is no rung $name" >&2; exit 2 ;;
  esac
done
if [ ${#failed[@]} -gt 0 ]; then
  printf '\nfailed: %s\nlogs: %s\n' "${failed[*]}" "$work/log"
  exit 1
fi
