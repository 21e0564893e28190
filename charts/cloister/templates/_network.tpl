{{/* The start of a policy. Argument: dict root, flow, component. */}}
{{- define "cloister.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cloister.fullname" .root }}-{{ .flow }}
  {{- include "cloister.metadata" (dict "root" .root "component" "network") | nindent 2 }}
{{- end -}}

{{/* Pods of the release. Argument: list root, component. */}}
{{- define "cloister.pods" -}}
matchLabels:
  {{- include "cloister.selector" (index . 0) | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* TCP ports. Argument: a list of numbers. */}}
{{- define "cloister.tcp" -}}
{{- $ports := list -}}
{{- range . }}{{ $ports = append $ports (dict "protocol" "TCP" "port" (. | int)) }}{{ end -}}
{{- toYaml $ports -}}
{{- end -}}

{{/*
Where the API server is, as JSON: cidrs, ports, and how that is known. Policies see the address behind the Service
`kubernetes`, so its endpoints are asked for. Where there is no cluster to ask (helm template), private networks stand in.
*/}}
{{- define "cloister.apiServer" -}}
{{- $given := .Values.networkPolicy.apiServer -}}
{{- if $given.cidrs -}}
{{- dict "cidrs" $given.cidrs "ports" $given.ports "known" "given" | toJson -}}
{{- else -}}
{{- $slice := lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" | default dict -}}
{{- $cidrs := list -}}
{{- range (dig "endpoints" list $slice) -}}
{{- range .addresses -}}
{{- $cidrs = append $cidrs (printf "%s/%s" . (ternary "128" "32" (contains ":" .))) -}}
{{- end -}}
{{- end -}}
{{- $ports := list -}}
{{- range (dig "ports" list $slice) -}}
{{- $ports = append $ports .port -}}
{{- end -}}
{{- if and $cidrs $ports -}}
{{- dict "cidrs" (sortAlpha $cidrs) "ports" $ports "known" "asked" | toJson -}}
{{- else -}}
{{- $private := list "10.0.0.0/8" "100.64.0.0/10" "172.16.0.0/12" "192.168.0.0/16" "fd00::/8" -}}
{{- dict "cidrs" $private "ports" $given.ports "known" "assumed" | toJson -}}
{{- end -}}
{{- end -}}
{{- end -}}
