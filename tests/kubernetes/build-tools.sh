#!/usr/bin/env bash
# Builds Kubernetes, etcd, CoreDNS, Helm and kwok from their pinned go.mod files, outside of the tree.
# A stamp of the inputs makes a second call a matter of a second. What cannot be built fails, by name.
#   usage: build-tools.sh [probe|netpol|etcd|coredns|helm|helm3|kwok|k8s ...]      default: all
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${CLOISTER_KUBERNETES_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister-kubernetes/bin}
kubernetes=v1.36.3  # the version in tools/k8s/go.mod
helm4=v4.3.1 helm3=v3.22.0
mkdir -p "$bin"
command -v go >/dev/null || { echo 'Go 1.26 or newer is missing: it builds the Kubernetes of the tests' >&2; exit 1; }
export CGO_ENABLED=0 GOFLAGS=-mod=readonly

build() { # build TOOL OUTPUT PACKAGE [LDFLAGS]
  local source=$here/tools/$1 out=$bin/$2 stamp
  stamp=$({ find "$source" -type f | sort | xargs cat; echo "$3 ${4:-} $(go version)"; } | sha256sum | cut -c1-16)
  [ -x "$out" ] && [ "$(cat "$out.stamp" 2>/dev/null)" = "$stamp" ] && return
  local from=$SECONDS
  (cd "$source" && go build -trimpath -ldflags "-s -w ${4:-}" -o "$out" "$3")
  echo "$stamp" >"$out.stamp"
  printf 'built %-24s %4d s\n' "$2" $((SECONDS - from))
}

kubernetes_programs() {
  local version=k8s.io/component-base/version program
  local flags="-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=36 -X $version.gitTreeState=clean"
  for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    build k8s "$program" "k8s.io/kubernetes/cmd/$program" "$flags"
  done
}

helm_3() { # without the last four, `helm template` compares a chart's kubeVersion with 1.20
  local pkg=helm.sh/helm/v3/pkg flags
  flags="-X helm.sh/helm/v3/internal/version.version=$helm3"
  for part in chartutil lint/rules; do
    flags+=" -X $pkg/$part.k8sVersionMajor=1 -X $pkg/$part.k8sVersionMinor=36"
  done
  build helm3 helm3 helm.sh/helm/v3/cmd/helm "$flags"
}

kwok() { # the binary has no stages of its own: they come from the same module
  build kwok kwok sigs.k8s.io/kwok/cmd/kwok
  local stages file
  stages=$(cd "$here/tools/kwok" && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
  {
    # The default of 4 parallel renewals cannot keep 1,000 nodes alive on two busy cores.
    echo 'apiVersion: config.kwok.x-k8s.io/v1alpha1'
    echo 'kind: KwokConfiguration'
    echo 'options: {nodeLeaseParallelism: 64, nodePlayStageParallelism: 64, podPlayStageParallelism: 64}'
    for file in "$stages"/node/fast/node-*.yaml "$stages"/node/heartbeat-with-lease/node-*.yaml "$stages"/pod/fast/pod-*.yaml; do
      echo ---
      cat "$file"
    done
  } >"$bin/kwok-stages.yaml"
}

[ $# -gt 0 ] || set -- probe netpol etcd coredns helm helm3 kwok k8s
for tool; do
  case $tool in
    k8s) kubernetes_programs ;;
    etcd) build etcd etcd go.etcd.io/etcd/server/v3 ;;
    helm) build helm helm helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=$helm4" ;;
    helm3) helm_3 ;;
    kwok) kwok ;;
    coredns | netpol | probe) build "$tool" "$tool" . ;;
    *) echo "there is no tool $tool" >&2; exit 2 ;;
  esac
done
