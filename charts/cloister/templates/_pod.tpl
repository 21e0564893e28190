{{/* What every pod shares: Pod Security "restricted". Argument: dict root, seccompProfile. */}}
{{- define "cloister.podSecurity" -}}
runAsNonRoot: true
{{- with .root.Values.security.runAsUser }}
runAsUser: {{ . }}
{{- end }}
{{- with .root.Values.security.runAsGroup }}
runAsGroup: {{ . }}
{{- end }}
{{- with .root.Values.security.fsGroup }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: {{ .seccompProfile.type }}
  {{- if eq .seccompProfile.type "Localhost" }}
  localhostProfile: {{ .seccompProfile.localhostProfile }}
  {{- end }}
{{- end -}}

{{- define "cloister.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Service links would put CLOISTER_… variables of the Services into the programs' environment. */}}
{{- define "cloister.podSpec" -}}
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "cloister.priorityClassName" -}}
{{- $root := index . 0 -}}
{{- $named := index . 1 -}}
{{- if $named -}}
{{- $named -}}
{{- else if $root.Values.priorityClass.create -}}
{{- include "cloister.clusterName" $root -}}
{{- end -}}
{{- end -}}

{{/* A volume's source out of an existing ConfigMap or Secret. Argument: a caBundle. */}}
{{- define "cloister.caBundleVolume" -}}
{{- if .configMap -}}
configMap:
  name: {{ .configMap }}
{{- else -}}
secret:
  secretName: {{ .secret }}
  defaultMode: 0440
{{- end }}
  items:
    - key: {{ .key }}
      path: ca.pem
{{- end -}}

{{- define "cloister.hasCaBundle" -}}
{{- if or .configMap .secret }}true{{ end -}}
{{- end -}}

{{/*
Changes when one of the existing Secrets and ConfigMaps that a pod reads was changed since the last upgrade, and so
rolls the pods. Versions and not contents: a hash of a password in an annotation could be guessed offline.
Argument: dict root, objects: list of (list kind name). Constant where there is no cluster to ask.
*/}}
{{- define "cloister.checksum" -}}
{{- $root := .root -}}
{{- $versions := list -}}
{{- range .objects -}}
{{- $name := index . 1 -}}
{{- if $name -}}
{{- $found := lookup "v1" (index . 0) $root.Release.Namespace $name | default dict -}}
{{- $versions = append $versions (printf "%s/%s@%s" (index . 0) $name (dig "metadata" "resourceVersion" "" $found)) -}}
{{- end -}}
{{- end -}}
{{- join "," $versions | sha256sum -}}
{{- end -}}
