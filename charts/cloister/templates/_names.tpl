{{/* The name that every object's name starts with. Stable for the life of a release. */}}
{{- define "cloister.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "cloister" .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-cloister" .Release.Name -}}
{{- end -}}
{{- end -}}

{{/* Cluster-wide objects also carry the namespace, so that two installs do not share them. */}}
{{- define "cloister.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "cloister.fullname" .) -}}
{{- end -}}

{{- define "cloister.agentsHost" -}}
{{- printf "%s-agents.%s.svc" (include "cloister.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "cloister.url" -}}
{{- $scheme := ternary "https" "http" (ne .Values.tls.existingSecret "") -}}
{{- printf "%s://%s.%s.svc:7080" $scheme (include "cloister.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "cloister.controllerServiceAccount" -}}
{{- .Values.serviceAccount.controller.name | default (printf "%s-controller" (include "cloister.fullname" .)) -}}
{{- end -}}

{{- define "cloister.agentServiceAccount" -}}
{{- .Values.serviceAccount.agent.name | default (printf "%s-agent" (include "cloister.fullname" .)) -}}
{{- end -}}

{{/* What never changes: selectors are made of it. */}}
{{- define "cloister.selector" -}}
app.kubernetes.io/name: cloister
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cloister.labels" -}}
{{ include "cloister.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A pod's labels: without versions, so that a new chart alone restarts nobody. Argument: list root, component, more labels. */}}
{{- define "cloister.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "cloister.selector" $root }}
app.kubernetes.io/component: {{ index . 1 }}
{{- with merge (dict) (index . 2) $root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* `metadata` without its name. Argument: dict root, component, optional labels, annotations. */}}
{{- define "cloister.metadata" -}}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "cloister.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The same for cluster-wide objects. */}}
{{- define "cloister.clusterMetadata" -}}
labels:
  {{- include "cloister.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image's reference. Argument: list root, "controller" | "agent" | "cli". A digest without a tag of its own stands alone. */}}
{{- define "cloister.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.image (index . 1) -}}
{{- $repository := ternary $image.repository (printf "%s/%s" $root.Values.image.registry $image.repository) (eq $root.Values.image.registry "") -}}
{{- $tag := $image.tag | default $root.Values.image.tag -}}
{{- if $image.digest -}}
{{- printf "%s%s@%s" $repository (ternary (printf ":%s" $tag) "" (ne $tag "")) $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "cloister.postgres" -}}
{{- if .Values.database.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "cloister.replicas" -}}
{{- .Values.controller.replicas | default (ternary 2 1 (eq (include "cloister.postgres" .) "true")) -}}
{{- end -}}
