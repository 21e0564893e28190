{{/*
What a schema cannot say: values that contradict each other. Each refusal says what, why and what to do.
A configuration that would come up and then not work is refused here, where somebody reads the answer.
*/}}
{{- define "cloister.refusals" -}}
{{- include "cloister.refuseNames" . -}}
{{- include "cloister.refuseReplicas" . -}}
{{- include "cloister.refuseClosedDoors" . -}}
{{- include "cloister.refuseObjects" . -}}
{{- include "cloister.refusePools" . -}}
{{- end -}}

{{- define "cloister.refuseNames" -}}
{{- $name := include "cloister.fullname" . -}}
{{- if gt (len $name) 40 -}}
{{- fail (printf "the name %q has %d characters, and at most 40 leave room for what follows it in the objects' names: choose a shorter release name, or set fullnameOverride" $name (len $name)) -}}
{{- end -}}
{{- range $who := list "controller" "agent" -}}
{{- $account := index $.Values.serviceAccount $who -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- fail (printf "serviceAccount.%s.create is false and serviceAccount.%s.name is empty: name the ServiceAccount that exists, or let the chart create one" $who $who) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cloister.refuseReplicas" -}}
{{- $replicas := include "cloister.replicas" . | int -}}
{{- if and (gt $replicas 1) (not (include "cloister.postgres" .)) -}}
{{- fail (printf "controller.replicas is %d, but without database.existingSecret the fleet's state is an SQLite file on one volume, which only one controller may open: set database.existingSecret to a Secret that holds a PostgreSQL URL, or controller.replicas to 1" $replicas) -}}
{{- end -}}
{{- end -}}

{{/* With network policies on, whatever is switched on must also have a way through. */}}
{{- define "cloister.refuseClosedDoors" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- $policy := .Values.networkPolicy -}}
{{- $off := "or set networkPolicy.enabled=false if another team writes the policies" -}}
{{- if and (include "cloister.postgres" .) (not $policy.database.to) -}}
{{- fail (printf "database.existingSecret is set, but networkPolicy.database.to is empty, so no controller could reach PostgreSQL: say where it is, as in networkPolicy.database.to=[{ipBlock: {cidr: 10.0.0.5/32}}], %s" $off) -}}
{{- end -}}
{{- if and .Values.models.allowedHosts (not $policy.sources.to) -}}
{{- fail (printf "models.allowedHosts names hosts to fetch models from, but networkPolicy.sources.to is empty, so no controller could reach them: say where they (or the proxy) are, as in networkPolicy.sources.to=[{ipBlock: {cidr: 10.0.0.0/16}}], %s" $off) -}}
{{- end -}}
{{- if and .Values.identityProviders.existingSecret (not $policy.identityProviders.to) -}}
{{- fail (printf "identityProviders.existingSecret is set, but networkPolicy.identityProviders.to is empty, so no controller could reach a provider: say where they are, as in networkPolicy.identityProviders.to=[{ipBlock: {cidr: 10.0.0.7/32}}], %s" $off) -}}
{{- end -}}
{{- if and .Values.telemetry.otlpEndpoint (not $policy.telemetry.to) -}}
{{- fail (printf "telemetry.otlpEndpoint is set, but networkPolicy.telemetry.to is empty, so no trace could reach the collector: say where it is, as in networkPolicy.telemetry.to=[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: observability}}}], %s" $off) -}}
{{- end -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.http.enabled .Values.gateway.grpc.enabled) (not $policy.ingress.from) -}}
{{- fail (printf "an Ingress or a route is enabled, but networkPolicy.ingress.from is empty, so the proxy could not reach the controllers: say where its pods are, as in networkPolicy.ingress.from=[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}], %s" $off) -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor.enabled (not $policy.monitoring.from) -}}
{{- fail (printf "monitoring.serviceMonitor.enabled is true, but networkPolicy.monitoring.from is empty, so Prometheus could not scrape: say where it is, as in networkPolicy.monitoring.from=[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], %s" $off) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cloister.refuseObjects" -}}
{{- range $path, $bundle := dict "database.caBundle" .Values.database.caBundle "models.caBundle" .Values.models.caBundle -}}
{{- if and $bundle.configMap $bundle.secret -}}
{{- fail (printf "%s names both a ConfigMap and a Secret: keep one of them" $path) -}}
{{- end -}}
{{- end -}}
{{- if and (or .Values.gateway.http.enabled .Values.gateway.grpc.enabled) (not .Values.gateway.parentRefs) -}}
{{- fail "a route is enabled, but gateway.parentRefs is empty: name the Gateway that shall carry it, as in gateway.parentRefs=[{name: internal, namespace: gateways}]" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled is true, but ingress.host is empty: set the name that callers use, as in ingress.host=cloister.hospital.example" -}}
{{- end -}}
{{- if and .Values.proxy.existingSecret (or .Values.proxy.http .Values.proxy.https) -}}
{{- fail "proxy.existingSecret and proxy.http or proxy.https are both set: keep one of them" -}}
{{- end -}}
{{- if and .Values.agents.trustedSigners.configMap (not .Values.agents.trustedSigners.keys) -}}
{{- fail "agents.trustedSigners.configMap is set, but agents.trustedSigners.keys is empty: list the ConfigMap's keys that hold public keys, as in agents.trustedSigners.keys=[signer.pub]" -}}
{{- end -}}
{{- end -}}

{{- define "cloister.refusePools" -}}
{{- $seen := dict -}}
{{- range .Values.agents.pools -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "agents.pools has two pools named %q: each needs a name of its own" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- if hasKey (.labels | default dict) "pool" -}}
{{- fail (printf "agents.pools %q sets the label pool, which every node of a pool has anyway with the pool's name: choose another key" .name) -}}
{{- end -}}
{{- $cache := merge (dict) (.cache | default dict) $.Values.agents.cache -}}
{{- if and (eq $cache.type "existingClaim") (not $cache.claimName) -}}
{{- fail (printf "the cache of pool %q has type existingClaim, but no claimName: name the PersistentVolumeClaim, or use emptyDir or ephemeral" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
