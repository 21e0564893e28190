{{/* The agent's command line. Argument: dict root, pool. */}}
{{- define "cloister.agentArguments" -}}
{{- $root := .root -}}
- --data=/var/lib/cloister-agent/data
- --kubernetes-token=/var/run/secrets/cloister/token
- --controller=https://{{ include "cloister.agentsHost" $root }}:7082
- --controller-ca=/etc/cloister/fleet-ca/ca.pem
- --name=$(NODE_NAME)
{{- with .pool.region }}
- --region={{ . }}
{{- end }}
{{- with .pool.jurisdiction }}
- --jurisdiction={{ . }}
{{- end }}
- --label=pool={{ .pool.name }}
{{- range $key, $value := .pool.labels }}
- {{ printf "--label=%s=%s" $key $value | quote }}
{{- end }}
{{- with .pool.threads }}
- --threads={{ . }}
{{- end }}
{{- range $root.Values.agents.trustedSigners.keys }}
- --trusted-signer=/etc/cloister/trusted-signers/{{ . }}
{{- end }}
{{- if $root.Values.agents.allowWeakSandbox }}
- --allow-weak-sandbox
{{- end }}
{{- range .pool.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Where an agent keeps models. Argument: a cache. */}}
{{- define "cloister.agentCache" -}}
{{- if eq .type "existingClaim" -}}
persistentVolumeClaim:
  claimName: {{ .claimName }}
{{- else if eq .type "ephemeral" -}}
ephemeral:
  volumeClaimTemplate:
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ .size }}
{{- else -}}
emptyDir:
  sizeLimit: {{ .size }}
{{- end -}}
{{- end -}}
