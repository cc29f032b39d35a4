{{- define "rcb.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "rcb.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rcb.image" -}}
{{- $repository := required "image.repository: build an image (make docker), push it to your registry and name it" .Values.image.repository }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}
{{- else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "rcb.http" -}}
{{- if ne .Values.config.slack.mode "socket" }}true{{ end }}
{{- end }}

{{/* The port of an address such as :8080 */}}
{{- define "rcb.port" -}}
{{ regexFind "[0-9]+$" . }}
{{- end }}

{{/* Nine tenths of the memory limit: the rest is for what Go's runtime does not count. */}}
{{- define "rcb.gomemlimit" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 }}
{{- $limit := .Values.resources.limits.memory | toString }}
{{- $unit := get $units (regexFind "[A-Za-z]*$" $limit) | required "resources.limits.memory: give it in k, M, G, Ki, Mi or Gi" }}
{{- printf "%dMiB" (div (mul (regexFind "^[0-9]+" $limit | int64) $unit 9) 10485760) }}
{{- end }}

{{- define "rcb.secret" -}}
{{- if .Values.secrets.external.store.name }}{{ include "rcb.name" . }}{{ else }}{{ .Values.secrets.existingSecret }}{{ end }}
{{- end }}

{{/* What the bot and the check of its configuration have in common. */}}
{{- define "rcb.pod" -}}
automountServiceAccountToken: false # it does not talk to Kubernetes
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "rcb.container" -}}
image: {{ include "rcb.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - { name: GOMEMLIMIT, value: {{ include "rcb.gomemlimit" . | quote }} }
  {{- with .Values.env }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  - { name: config, mountPath: /etc/remote-cluster-bot, readOnly: true }
  {{- if include "rcb.secret" . }}
  - { name: secrets, mountPath: /run/secrets/remote-cluster-bot, readOnly: true }
  {{- end }}
  {{- with .Values.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{/* Takes the chart's context and the name of the ConfigMap. */}}
{{- define "rcb.volumes" -}}
{{- $ := index . 0 -}}
- name: config
  configMap: { name: {{ index . 1 | quote }} }
{{- with include "rcb.secret" $ }}
- name: secrets
  secret: { secretName: {{ . | quote }}, defaultMode: 0440 }
{{- end }}
{{- with $.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
