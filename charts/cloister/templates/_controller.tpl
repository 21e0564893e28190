{{/* The controller's command line: everything that is not a secret. */}}
{{- define "cloister.controllerArguments" -}}
{{- $any := ternary "[::]" "0.0.0.0" (eq .Values.ipFamily "IPv6") -}}
{{- $self := ternary "[$(POD_IP)]" "$(POD_IP)" (eq .Values.ipFamily "IPv6") -}}
# A folder in the volume, not its root: that belongs to root, and the controller wants a folder for itself alone.
- --data=/var/lib/cloister/data
- --http={{ $any }}:7080
- --grpc={{ $any }}:7081
- --agents={{ $any }}:7082
- --agents-host={{ include "cloister.agentsHost" . }}
- --advertise={{ $self }}:7082
- --kubernetes
- --kubernetes-release={{ include "cloister.fullname" . }}
- --kubernetes-agent-service-account={{ include "cloister.agentServiceAccount" . }}
- --fleet-name={{ .Values.controller.fleetName }}
- --node-certificate-lifetime={{ .Values.controller.nodeCertificateLifetime }}
- --heartbeat-interval={{ .Values.controller.heartbeatInterval }}
- --unreachable-grace={{ .Values.controller.unreachableGrace }}
{{- if .Values.tls.existingSecret }}
- --tls-cert=/etc/cloister/tls/tls.crt
- --tls-key=/etc/cloister/tls/tls.key
{{- else }}
- --allow-plaintext
{{- end }}
{{- with .Values.models }}
{{- if .sourcesClaim }}
- --sources=/var/lib/cloister-sources
{{- end }}
{{- range .allowedHosts }}
- --source-allow={{ . }}
{{- end }}
{{- range .insecureRegistries }}
- --registry-insecure={{ . }}
{{- end }}
{{- if .registryAuthSecret }}
- --registry-auth=/etc/cloister/registry-auth/config.json
{{- end }}
{{- if include "cloister.hasCaBundle" .caBundle }}
- --registry-ca=/etc/cloister/sources-ca/ca.pem
- --source-ca=/etc/cloister/sources-ca/ca.pem
{{- end }}
{{- end }}
{{- range .Values.controller.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "cloister.controllerEnvironment" -}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: RUST_LOG
  value: {{ .Values.controller.logLevel | quote }}
{{- if include "cloister.postgres" . }}
- name: CLOISTER_DATABASE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
{{- if include "cloister.hasCaBundle" .Values.database.caBundle }}
- name: PGSSLROOTCERT
  value: /etc/cloister/database-ca/ca.pem
{{- end }}
{{- end }}
{{- if .Values.identityProviders.existingSecret }}
- name: CLOISTER_OIDC
  value: /etc/cloister/identity/oidc.toml
{{- end }}
{{- with .Values.telemetry.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- include "cloister.proxyEnvironment" . }}
{{- range $name, $value := .Values.controller.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* What is inside the cluster is never asked of the proxy. */}}
{{- define "cloister.proxyEnvironment" -}}
{{- with .Values.proxy }}
{{- if or .http .https .existingSecret }}
{{- $secret := .existingSecret }}
{{- range $name, $value := dict "http" .http "https" .https }}
{{- if $secret }}
- name: {{ upper $name }}_PROXY
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ $name }}
      optional: true
{{- else if $value }}
- name: {{ upper $name }}_PROXY
  value: {{ $value | quote }}
{{- end }}
{{- end }}
- name: NO_PROXY
  value: {{ join "," (compact (list "localhost,127.0.0.1,::1,.svc,.cluster.local,$(KUBERNETES_SERVICE_HOST)" .noProxy)) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "cloister.controllerMounts" -}}
- name: data
  mountPath: /var/lib/cloister
- name: tmp
  mountPath: /tmp
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/cloister/tls
  readOnly: true
{{- end }}
{{- if .Values.identityProviders.existingSecret }}
- name: identity
  mountPath: /etc/cloister/identity
  readOnly: true
{{- end }}
{{- if .Values.models.sourcesClaim }}
- name: sources
  mountPath: /var/lib/cloister-sources
  readOnly: true
{{- end }}
{{- if .Values.models.registryAuthSecret }}
- name: registry-auth
  mountPath: /etc/cloister/registry-auth
  readOnly: true
{{- end }}
{{- if include "cloister.hasCaBundle" .Values.models.caBundle }}
- name: sources-ca
  mountPath: /etc/cloister/sources-ca
  readOnly: true
{{- end }}
{{- if include "cloister.hasCaBundle" .Values.database.caBundle }}
- name: database-ca
  mountPath: /etc/cloister/database-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "cloister.controllerVolumes" -}}
# SQLite sorts what does not fit into memory in files here.
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.identityProviders.existingSecret }}
- name: identity
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.models.sourcesClaim }}
- name: sources
  persistentVolumeClaim:
    claimName: {{ . }}
    readOnly: true
{{- end }}
{{- with .Values.models.registryAuthSecret }}
- name: registry-auth
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: .dockerconfigjson
        path: config.json
{{- end }}
{{- if include "cloister.hasCaBundle" .Values.models.caBundle }}
- name: sources-ca
  {{- include "cloister.caBundleVolume" .Values.models.caBundle | nindent 2 }}
{{- end }}
{{- if include "cloister.hasCaBundle" .Values.database.caBundle }}
- name: database-ca
  {{- include "cloister.caBundleVolume" .Values.database.caBundle | nindent 2 }}
{{- end }}
{{- end -}}
