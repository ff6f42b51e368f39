package e2e

import (
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// withoutEdges are leaf types and fields whose values end up in no object that an API server could judge. What is below a
// field goes with it.
var withoutEdges = map[string]string{
	"#APIVersion":     "of the file itself",
	"#Boolean":        "true and false are all there are",
	"#Contact":        "recorded beside the manifests",
	"#RegionID":       "says where objects go",
	"#SourcePath":     "names a file that is read when compiling",
	"#PatchKind":      "says which object a patch changes",
	"#SpaceName":      "has to be one that the platform declares",
	"#DeveloperRole":  "chooses between two roles",
	"#SyncEngine":     "chooses between kinds of objects",
	"#SyncSource":     "chooses between kinds of objects",
	"#IPFamily":       "says which ranges a policy has",
	"#TLSEnd":         "decides what is taken",
	"#ClientAddress":  "decides what is taken",
	"#HTTPDialect":    "decides what is written",
	"#L4Dialect":      "decides what is written",
	"#RecordType":     "told to who makes the domain's record",
	"#SSHKey":         "read when commits are checked",
	"#OpenPGPKey":     "read when commits are checked",
	"#IP":             "told to clients",
	"backends[]":      "has to be one that the platform gives the space",
	"tcp{}":           "only told in claims and diagnostics",
	"udp{}":           "only told in claims and diagnostics",
	"platform.admins": "asked for by guard",

	"platform.domains":               "decides what is taken",
	"platform.spaces.*.publishers":   "asked for by guard",
	"platform.spaces.*.backends{}":   "named by applications",
	"platform.constraints":           "decides what is taken",
	"platform.repository.signers":    "asked for when commits are checked",
	"platform.regions.*.title":       "told to people",
	"platform.regions.*.cloud":       "told to people",
	"platform.regions.*.zones":       "decides what is warned of",
	"platform.regions.*.kubernetes":  "part of a label's value, and has to be one that there is",
	"platform.regions.*.dns.target":  "told to who makes the domain's record",
	"platform.regions.*.peering":     "told to who peers networks",
	"platform.regions.*.sourceCIDRs": "told to who opens back ends",

	"platform.regions.*.network.pods":          "compared with back ends",
	"platform.regions.*.network.services":      "compared with back ends",
	"platform.regions.*.edge.l4.ports":         "decides what is taken",
	"platform.regions.*.edge.l4.reserved":      "decides what is taken",
	"platform.spaces.*.backends.*.description": "told to people",
	"platform.spaces.*.backends.*.apps":        "decides what is taken",
}

// asElsewhere are fields that the API server holds to nothing that it does not hold another field of their type to, and
// that field, whose row tries both. What is below a field goes with it.
var asElsewhere = map[string]string{
	"image.reference":                 "image",
	"args[]":                          "env.*",
	"rollout.revisionHistoryLimit":    "replicas",
	"spread.nodes":                    "spread.zones",
	"env.*.value":                     "env.*",
	"env.*.configMap":                 "env.*.secret",
	"envFrom[].configMap":             "envFrom[].secret",
	"files.*":                         "env.*",
	"files.*.content":                 "env.*",
	"files.*.configMap.key":           "files.*.secret.key",
	"scratch{}":                       "files{}",
	"scratch.*":                       "scratch.*.size",
	"ports.*.port":                    "ports.*",
	"http.*.paths[].path":             "http.*.paths[]",
	"http.*.paths[].port":             "ports{}",
	"http.*.port":                     "ports{}",
	"tcp.*.to":                        "ports{}",
	"udp.*":                           "tcp.*",
	"health.startup":                  "health.liveness",
	"health.readiness":                "health.liveness",
	"health.liveness.http.port":       "ports{}",
	"health.liveness.tcp.port":        "ports{}",
	"health.liveness.grpc.port":       "ports{}",
	"health.liveness.command":         "command",
	"shutdown.preStop.http":           "health.liveness.http",
	"shutdown.preStop.command":        "command",
	"calls.*.app":                     "calls{}",
	"calls.*.port":                    "ports{}",
	"calls.*.protocol":                "ports.*.protocol",
	"accepts{}":                       "calls{}",
	"accepts.*.app":                   "calls{}",
	"accepts.*.ports[]":               "ports{}",
	"platform.sync.branch":            "health.liveness.http.headers.*",
	"platform.sync.secret":            "image.pullSecret",
	"platform.regions.*.mirror":       "platform.sync.repository",
	"platform.regions.*.mirror.url":   "platform.sync.repository",
	"platform.spaces.*.pullSecret":    "image.pullSecret",
	"platform.spaces.*.auditors":      "platform.spaces.*.developers",
	"platform.regions.*.drainSeconds": "shutdown.preStop.sleep",

	"platform.regions.*.mirror.secret":              "image.pullSecret",
	"platform.spaces.*.developers[].group":          "platform.spaces.*.developers[]",
	"platform.spaces.*.developers[].user":           "platform.spaces.*.developers[]",
	"platform.spaces.*.backends.*.ports[].port":     "platform.spaces.*.backends.*.ports[]",
	"platform.spaces.*.backends.*.ports[].protocol": "ports.*.protocol",
	"platform.regions.*.network.dns.cidrs[]":        "platform.spaces.*.backends.*.regions.*.cidrs[]",
	"platform.regions.*.network.dns.pods[]":         "platform.regions.*.edge.from[]",
	"platform.regions.*.monitoring.from[]":          "platform.regions.*.edge.from[]",
	"platform.regions.*.edge.from[].cidr":           "platform.spaces.*.backends.*.regions.*.cidrs[]",
	"platform.regions.*.edge.from[].namespace":      "platform.regions.*.edge.from[].pods",
	"platform.regions.*.edge.l4.namespace":          "platform.sync.namespace",
	"platform.regions.*.edge.l4.udpConfigMap":       "platform.regions.*.edge.l4.tcpConfigMap",
}

// long is a text of n letters.
func long(n int) string { return strings.Repeat("a", n) }

// hostOf is a host name of n characters, of labels that are as long as they may be.
func hostOf(n int) string {
	const domain = ".mydomain.com"
	name := []byte(long(n - len(domain)))
	for i := 63; i < len(name)-1; i += 64 {
		name[i] = '.'
	}
	return string(name) + domain
}

// The reasons why Meridian is stricter, where there is one for many.
const (
	unpullable = "no node could pull it"
	unnatural  = "a mistake rather than a wish"
	roundedUp  = "is rounded up silently"
	defaulted  = "0 is taken for absent, and becomes the default"
	dialects   = "ingress controllers read it differently"
	unbuilt    = "kustomize, which Flux builds with, fails on it or changes it"
	nameless   = "there can be no object of that name, so that no pod would start"
	absent     = "is taken for absent"
)

// unbuildable are strings that kustomize cannot carry.
var unbuildable = []any{"a\x7f", "a\u0080", "a\u0085b", "a\u009f", "a\ufffe", "a\uffff"}

// edges are the restrictions of app.cue, and those of platform.cue.
func edges() []edge { return append(appEdges(), platformEdges()...) }

func appEdges() []edge {
	return []edge{
		{
			path: "name", lines: "name: %s", in: []any{"a", long(50)}, out: []any{"A", "a-", "a_b", long(64)},
			kind: "Service", at: "metadata name",
			stricter: map[string][]any{"pods get a suffix, and a label's value ends at 63": {long(51)}},
		},
		{
			path: "http{}", lines: `http: {(%s): {host: "edge.mydomain.com", port: "web"}}`, in: []any{"a", long(40)}, out: []any{"A", "a_b", "a-"},
			kind: "Ingress", at: "metadata name",
			stricter: map[string][]any{"one name for exposures, back ends and rules, wherever it ends up": {long(41), "1a"}},
		},
		{
			path: "ports{}", lines: `ports: {(%s): 8080}`, in: []any{"a", "1a", "a-b", long(15)}, out: []any{"A", "-a", "a--b", "1", "a_b", long(16)},
			kind: "Pod", at: "spec containers 0 ports 0 name",
		},
		{
			path: "ports.*", lines: `ports: web: %s`, in: []any{1, 65535}, out: []any{0, -1, 65536},
			kind: "Pod", at: "spec containers 0 ports 0 containerPort",
		},
		{
			path: "ports.*.servicePort", lines: `ports: web: {port: 8080, servicePort: %s}`, in: []any{1, 65535}, out: []any{0, 65536},
			kind: "Service", at: "spec ports 0 port",
		},
		{
			path: "ports.*.protocol", lines: `ports: web: {port: 8080, protocol: %s}`, in: []any{"TCP", "UDP"}, out: []any{"HTTP", "tcp"},
			kind: "Pod", at: "spec containers 0 ports 0 protocol",
			stricter: map[string][]any{"no proxy of a region forwards it (S11)": {"SCTP"}},
		},
		{
			path: "env.*.secret.name", lines: `env: A: secret: {name: %s, key: "a"}`, in: []any{"a", "1", "a.b-c", long(253)}, out: []any{"", "A", "a_b", long(254)},
			kind: "Pod", at: "spec containers 0 env 0 valueFrom secretKeyRef name",
		},
		{
			path: "http.*.tls.secret", lines: `http: public: {host: "edge.mydomain.com", port: "web", tls: secret: %s}`, in: []any{"a", "a.b"}, out: []any{"A", "a_b", long(254)},
			kind: "Ingress", at: "spec tls 0 secretName",
		},
		{
			path: "env.*.secret.key", lines: `env: A: secret: {name: "a", key: %s}`, in: []any{"a", "-._", long(253)}, out: []any{"", "..", "..a", "a/b", "a b", long(254)},
			kind: "Pod", at: "spec containers 0 env 0 valueFrom secretKeyRef key",
		},
		{
			path: "env{}", lines: `env: {(%s): "x"}`, in: []any{"A", "_", "a.b-c", long(253)}, out: []any{"", "A=B"},
			kind: "Pod", at: "spec containers 0 env 0 name",
			stricter: map[string][]any{"shells and libraries cannot read it": {"1A", "A B"}, unnatural: {long(254)}},
		},
		{
			path: "env.*", lines: `env: A: %s`, in: []any{"", "a\nb\t\u2028", "on", "1e3", "a\u00a0\ufffd"},
			kind: "Pod", at: "spec containers 0 env 0 value",
			stricter: map[string][]any{"ends the variable in the process": {"a\x00b"}, unbuilt: unbuildable},
		},
		{
			path: "envFrom[].secret", lines: `envFrom: [{secret: %s}]`, in: []any{"a", "a.b", long(253)}, out: []any{"", "A", "a_b", long(254)},
			kind: "Pod", at: "spec containers 0 envFrom 0 secretRef name",
		},
		{
			path: "envFrom[].prefix", lines: `envFrom: [{secret: "a", prefix: %s}]`, in: []any{"_a.b-", "A"}, out: []any{"A=B", "ä"},
			kind: "Pod", at: "spec containers 0 envFrom 0 prefix",
			stricter: map[string][]any{absent: {""}, "shells and libraries cannot read it": {"1A", "A B"}, unnatural: {long(254)}},
		},
		{
			path: "command[]", lines: `command: [%s]`, in: []any{"a", " ", "a\u00a0\ufffd"},
			kind: "Pod", at: "spec containers 0 command 0",
			stricter: map[string][]any{"there is no such program": {""}, "ends the argument": {"a\x00"}, unbuilt: unbuildable},
		},
		{
			path: "http.*.host", lines: `http: public: {host: %s, port: "web"}`,
			in:   []any{"a.mydomain.com", "*.mydomain.com", long(63) + ".mydomain.com", hostOf(253)},
			out:  []any{"A.mydomain.com", "a_b.mydomain.com", "a.*.mydomain.com", "*.*.mydomain.com", "1.2.3.4", "a..mydomain.com", hostOf(254)},
			kind: "Ingress", at: "spec rules 0 host",
			stricter: map[string][]any{"no certificate can have it: a label ends at 63": {long(64) + ".mydomain.com"}},
		},
		{
			path: "http.*.paths[]", lines: `http: public: {host: "edge.mydomain.com", port: "web", paths: [%s]}`, in: []any{"/", "/a/b-c_d.e", "/" + long(1023), "/a/"},
			out:  []any{"a", "/a//b", "/a/../b", "/./a", ""},
			kind: "Ingress", at: "spec rules 0 http paths 0 path",
			stricter: map[string][]any{dialects: {"/a b", "/a;b", "/a*", "/(a|b)"}, unnatural: {"/" + long(1024)}},
		},
		{
			path: "http.*.paths[].type", lines: `http: public: {host: "edge.mydomain.com", port: "web", paths: [{path: "/a", type: %s}]}`, in: []any{"Prefix", "Exact"}, out: []any{"Regex", ""},
			kind: "Ingress", at: "spec rules 0 http paths 0 pathType",
			stricter: map[string][]any{dialects: {"ImplementationSpecific"}},
		},
		{
			path: "http.*.allowFrom[]", lines: `http: public: {host: "edge.mydomain.com", port: "web", allowFrom: [%s]}`, in: []any{"1.2.3.4/32", "0.0.0.0/0", "2001:db8::/32"},
			kind: "Ingress", at: "metadata annotations nginx.ingress.kubernetes.io/whitelist-source-range",
			stricter: map[string][]any{"an annotation is any text to the API server, and the controller would let everybody in, or nobody": {"1.2.3.4/33", "1.2.3.4", "1.2.3/24"}},
		},
		{
			path: "http.*.allowFrom", lines: `http: public: {host: "edge.mydomain.com", port: "web", allowFrom: %s}`, in: []any{"1.2.3.4/32", "1.2.3.4/32,5.6.7.0/24"},
			kind: "Ingress", at: "metadata annotations nginx.ingress.kubernetes.io/whitelist-source-range",
			stricter: map[string][]any{"an annotation is any text to the API server": {"1.2.3.4/32;5.6.7.8/32", "1.2.3.4/32,", ""}},
		},
		{
			path: "tcp.*.port", lines: `tcp: feed: {port: %s, to: "web"}`, in: []any{1, 65535},
			kind: "ConfigMap/tcp-services", at: "data *",
			stricter: map[string][]any{"a key is any text to the API server, and no proxy can listen there": {0, -1, 65536}},
		},
		{
			path: "tcp.*.port", lines: `tcp: feed: {port: %s, to: "web"}`, in: []any{81}, code: diag.L4PortRefused,
			kind: "ConfigMap/tcp-services", at: "data *",
			stricter: map[string][]any{"the edge listens there itself": {80, 443}},
		},
		{
			path: "files{}", lines: `files: {(%s): "x"}`, in: []any{"/a", "/a/b c", "/" + long(1023), "/etc/a.b/c"}, out: []any{""},
			kind: "Pod", at: "spec containers 0 volumeMounts 0 mountPath",
			stricter: map[string][]any{"each container runtime has its own idea of it": {"a", "/a/../b", "/a\nb", "/a:b"}, unnatural: {"/" + long(1024)}},
		},
		{
			path: "files.*.secret.name", lines: `files: "/a": secret: {name: %s, key: "a"}`, in: []any{"a", "a.b", long(253)}, out: []any{""},
			kind: "Pod", at: "spec volumes 0 secret secretName",
			stricter: map[string][]any{nameless: {"A", "a_b", long(254)}},
		},
		{
			path: "files.*.configMap.name", lines: `files: "/a": configMap: {name: %s, key: "a"}`, in: []any{"a", "a.b", long(253)}, out: []any{""},
			kind: "Pod", at: "spec volumes 0 configMap name",
			stricter: map[string][]any{nameless: {"A", "a_b", long(254)}},
		},
		{
			path: "files.*.secret.key", lines: `files: "/a": secret: {name: "a", key: %s}`, in: []any{"-._", long(253)}, out: []any{".."},
			kind: "Pod", at: "spec containers 0 volumeMounts 0 subPath",
			stricter: map[string][]any{"no object has such a key, and the runtime would make a folder instead": {"", "a/b", "a b", "..a", long(254)}},
		},
		{
			path: "scratch.*.size", lines: `scratch: "/a": {size: %s}`, in: []any{"1", "1.5Gi"}, out: []any{"-1", "1x", "1KI", ""},
			kind: "Pod", at: "spec volumes 0 emptyDir sizeLimit",
			stricter: map[string][]any{"is no limit at all": {"0"}, roundedUp: {"1.5", "100m"}, unnatural: {"1Pi"}},
		},
		{
			path: "health.liveness.http.path", lines: probeOf(`http: {path: %s, port: "web"}`), in: []any{"/", "/a?b=c&d=%20", "/" + long(1023)},
			kind: "Pod", at: "spec containers 0 livenessProbe httpGet path",
			stricter: map[string][]any{"not what a request line can have": {"a", "/a b", "/ä"}, unnatural: {"/" + long(1024)}},
		},
		{
			path: "health.liveness.http.scheme", lines: probeOf(`http: {path: "/", port: "web", scheme: %s}`), in: []any{"HTTP", "HTTPS"}, out: []any{"http", "FTP"},
			kind: "Pod", at: "spec containers 0 livenessProbe httpGet scheme",
		},
		{
			path: "health.liveness.http.headers{}", lines: probeOf(`http: {path: "/", port: "web", headers: {(%s): "x"}}`), in: []any{"X", "x-1", long(200)}, out: []any{"", "X:", "X Y", "X_Y"},
			kind: "Pod", at: "spec containers 0 livenessProbe httpGet httpHeaders 0 name",
			stricter: map[string][]any{unnatural: {long(201)}},
		},
		{
			path: "health.liveness.http.headers.*", lines: probeOf(`http: {path: "/", port: "web", headers: X: %s}`), in: []any{"x", "ä b", long(1000)},
			kind: "Pod", at: "spec containers 0 livenessProbe httpGet httpHeaders 0 value",
			stricter: map[string][]any{"a header ends with its line": {"a\nb", "a\rb"}, unnatural: {"", long(1001)}},
		},
		{
			path: "health.liveness.grpc.service", lines: probeOf(`grpc: {port: "web", service: %s}`), in: []any{"x", "a.b/c", long(1000)},
			kind: "Pod", at: "spec containers 0 livenessProbe grpc service",
			stricter: map[string][]any{"a name of gRPC is one line": {"a\nb", "a\rb"}, unnatural: {long(1001)}, "is the server as a whole, as without": {""}},
		},
		{
			path: "health.liveness.initialDelaySeconds", lines: probeOf(`tcp: {port: "web"}, initialDelaySeconds: %s`), in: []any{0, 86400}, out: []any{-1},
			kind: "Pod", at: "spec containers 0 livenessProbe initialDelaySeconds",
			stricter: map[string][]any{unnatural: {86401}},
		},
		{
			path: "health.liveness.periodSeconds", lines: probeOf(`tcp: {port: "web"}, periodSeconds: %s`), in: []any{1, 86400}, out: []any{-1},
			kind: "Pod", at: "spec containers 0 livenessProbe periodSeconds",
			stricter: map[string][]any{defaulted: {0}, unnatural: {86401}},
		},
		{
			path: "health.liveness.timeoutSeconds", lines: probeOf(`tcp: {port: "web"}, periodSeconds: 86400, timeoutSeconds: %s`), in: []any{1, 86400}, out: []any{-1},
			kind: "Pod", at: "spec containers 0 livenessProbe timeoutSeconds",
			stricter: map[string][]any{defaulted: {0}, unnatural: {86401}},
		},
		{
			path: "health.liveness.failureThreshold", lines: probeOf(`tcp: {port: "web"}, failureThreshold: %s`), in: []any{1, 1000}, out: []any{-1},
			kind: "Pod", at: "spec containers 0 livenessProbe failureThreshold",
			stricter: map[string][]any{defaulted: {0}, unnatural: {1001}},
		},
		{
			path: "health.liveness.successThreshold", lines: probeOf(`tcp: {port: "web"}, successThreshold: %s`), in: []any{1}, out: []any{-1, 1001},
			kind: "Pod", at: "spec containers 0 livenessProbe successThreshold",
			stricter: map[string][]any{defaulted: {0}},
		},
		{
			path: "health.liveness.successThreshold", lines: probeOf(`tcp: {port: "web"}, successThreshold: %s`), in: []any{1}, out: []any{2}, code: diag.SuccessThreshold,
			kind: "Pod", at: "spec containers 0 livenessProbe successThreshold",
		},
		{
			path: "shutdown.gracePeriodSeconds", lines: `shutdown: gracePeriodSeconds: %s`, in: []any{6, 86400}, out: []any{-1, 0},
			kind: "Pod", at: "spec terminationGracePeriodSeconds",
			stricter: map[string][]any{unnatural: {86401}},
		},
		{
			path: "shutdown.preStop.sleep", lines: `shutdown: preStop: sleep: %s`, in: []any{0, 1, 29}, out: []any{-1, 86401},
			kind: "Pod", at: "spec containers 0 lifecycle preStop sleep seconds",
		},
		{
			path: "shutdown.preStop.sleep", lines: `shutdown: preStop: sleep: %s`, in: []any{29}, out: []any{31}, code: diag.SleepTooLong,
			kind: "Pod", at: "spec containers 0 lifecycle preStop sleep seconds",
			stricter: map[string][]any{"leaves nothing of the grace period for the process": {30}},
		},
		{
			path: "resources.requests.cpu", lines: `resources: requests: cpu: %s`, in: []any{"1m", "1.5", "0.001", "999999", "999999999m", "250m"}, out: []any{"-1", "1x", ""},
			kind: "Pod", at: "spec containers 0 resources requests cpu",
			stricter: map[string][]any{roundedUp: {"1.2345"}, unnatural: {"0", "1k", "1000000", "1000000000m"}},
		},
		{
			path: "resources.requests.memory", lines: `resources: {requests: memory: %s, limits: memory: "8000Ti"}`, in: []any{"1", "256Mi", "999999999999", "1.125Gi", "1.5Gi"}, out: []any{"-1", "1x", "1KI", ""},
			kind: "Pod", at: "spec containers 0 resources requests memory",
			stricter: map[string][]any{unnatural: {"0", "1Pi"}, roundedUp: {"1.2345Gi", "1.5", "100m"}},
		},
		{
			path: "resources.requests.ephemeral-storage", lines: `resources: requests: "ephemeral-storage": %s`, in: []any{"1", "1.5Gi"}, out: []any{"-1", "1x", ""},
			kind: "Pod", at: "spec containers 0 resources requests ephemeral-storage",
			stricter: map[string][]any{unnatural: {"0", "1000000000000", "1Pi"}, roundedUp: {"1.5", "100m"}},
		},
		{
			path: "resources.limits.cpu", lines: `resources: limits: cpu: %s`, in: []any{"100m", "999999"}, out: []any{"-1", "1x", "", "0"},
			kind: "Pod", at: "spec containers 0 resources limits cpu",
			stricter: map[string][]any{roundedUp: {"1.2345"}, unnatural: {"1k", "1000000"}},
		},
		{
			path: "resources.limits.cpu", lines: `resources: {requests: cpu: "100m", limits: cpu: %s}`, in: []any{"100m"}, out: []any{"99m"}, code: diag.LimitBelowRequest,
			kind: "Pod", at: "spec containers 0 resources limits cpu",
		},
		{
			path: "resources.limits.memory", lines: `resources: {requests: memory: "1Mi", limits: memory: %s}`, in: []any{"1Mi", "8388Ti", "1.5Gi"}, out: []any{"-1", "1x", "", "0"},
			kind: "Pod", at: "spec containers 0 resources limits memory",
			stricter: map[string][]any{"API servers count thousandths, and warn of what they cannot": {"8389Ti", "999999999999Ti"}, unnatural: {"1000000000000", "1Pi", "1Ei"}, roundedUp: {"1048576.5", "1048576500m"}},
		},
		{
			path: "resources.limits.memory", lines: `resources: {requests: memory: "1Mi", limits: memory: %s}`, in: []any{"1Mi"}, out: []any{"1023Ki"}, code: diag.LimitBelowRequest,
			kind: "Pod", at: "spec containers 0 resources limits memory",
		},
		{
			path: "resources.limits.ephemeral-storage", lines: `resources: {requests: "ephemeral-storage": "1Mi", limits: "ephemeral-storage": %s}`, in: []any{"1Mi", "1.5Gi"}, out: []any{"-1", "1x", "", "0"},
			kind: "Pod", at: "spec containers 0 resources limits ephemeral-storage",
			stricter: map[string][]any{unnatural: {"1000000000000", "1Pi", "1Ei"}, roundedUp: {"1048576.5", "1048576500m"}},
		},
		{
			path: "resources.limits.ephemeral-storage", lines: `resources: {requests: "ephemeral-storage": "1Mi", limits: "ephemeral-storage": %s}`, in: []any{"1Mi"}, out: []any{"1023Ki"}, code: diag.LimitBelowRequest,
			kind: "Pod", at: "spec containers 0 resources limits ephemeral-storage",
		},
		{
			path: "user", lines: `user: %s`, in: []any{1, 2147483647}, out: []any{0, -1, 2147483648},
			kind: "Pod", at: "spec securityContext runAsUser",
		},
		{
			path: "replicas", lines: `replicas: %s`, in: []any{0, 10000}, out: []any{-1},
			kind: "Deployment", at: "spec replicas",
			stricter: map[string][]any{unnatural: {10001}},
		},
		{
			path: "autoscale.min", lines: `autoscale: {min: %s, max: 10000}`, in: []any{1, 10000}, out: []any{0, -1, 10001},
			kind: "HorizontalPodAutoscaler", at: "spec minReplicas",
		},
		{
			path: "autoscale.min", lines: `autoscale: {max: 5, min: %s}`, in: []any{5}, out: []any{6}, code: diag.MinAboveMax,
			kind: "HorizontalPodAutoscaler", at: "spec minReplicas",
		},
		{
			path: "autoscale.max", lines: `autoscale: {min: 1, max: %s}`, in: []any{1, 10000}, out: []any{0, -1},
			kind: "HorizontalPodAutoscaler", at: "spec maxReplicas",
			stricter: map[string][]any{unnatural: {10001}},
		},
		{
			path: "autoscale.scaleDownDelaySeconds", lines: `autoscale: {min: 1, max: 2, scaleDownDelaySeconds: %s}`, in: []any{0, 3600}, out: []any{-1, 3601},
			kind: "HorizontalPodAutoscaler", at: "spec behavior scaleDown stabilizationWindowSeconds",
		},
		{
			path: "autoscale.cpu", lines: `autoscale: {min: 1, max: 2, cpu: %s}`, in: []any{1, 1000}, out: []any{0, -1},
			kind: "HorizontalPodAutoscaler", at: "spec metrics 0 resource target averageUtilization",
			stricter: map[string][]any{unnatural: {1001}},
		},
		{
			path: "autoscale.memory", lines: `autoscale: {min: 1, max: 2, memory: %s}`, in: []any{1, 1000}, out: []any{0, -1},
			kind: "HorizontalPodAutoscaler", at: "spec metrics 0 resource target averageUtilization",
			stricter: map[string][]any{unnatural: {1001}},
		},
		{
			path: "rollout.maxUnavailable", lines: `rollout: maxUnavailable: %s`, in: []any{0, 1, 10000, "1%", "100%"}, out: []any{-1, "101%", "1", "a%"},
			kind: "Deployment", at: "spec strategy rollingUpdate maxUnavailable",
			stricter: map[string][]any{unnatural: {10001, "01%"}},
		},
		{
			path: "rollout.maxSurge", lines: `rollout: maxSurge: %s`, in: []any{1, 10000, "1%", "100%"}, out: []any{-1, "1", "a%"},
			kind: "Deployment", at: "spec strategy rollingUpdate maxSurge",
			stricter: map[string][]any{unnatural: {10001, "01%", "101%"}},
		},
		{
			path: "rollout.maxSurge", lines: `rollout: maxSurge: %s`, in: []any{1}, out: []any{0, "0%"}, code: diag.RolloutContradiction,
			kind: "Deployment", at: "spec strategy rollingUpdate maxSurge",
		},
		{
			path: "rollout.minReadySeconds", lines: `rollout: minReadySeconds: %s`, in: []any{0, 1, 599}, out: []any{-1, 86401},
			kind: "Deployment", at: "spec minReadySeconds",
		},
		{
			path: "rollout.minReadySeconds", lines: `rollout: minReadySeconds: %s`, in: []any{599}, out: []any{600}, code: diag.RolloutContradiction,
			kind: "Deployment", at: "spec minReadySeconds",
		},
		{
			path: "rollout.progressDeadlineSeconds", lines: `rollout: progressDeadlineSeconds: %s`, in: []any{1, 86400}, out: []any{-1, 0},
			kind: "Deployment", at: "spec progressDeadlineSeconds",
			stricter: map[string][]any{unnatural: {86401}},
		},
		{
			path: "rollout.progressDeadlineSeconds", lines: `rollout: {minReadySeconds: 5, progressDeadlineSeconds: %s}`, in: []any{6}, out: []any{5}, code: diag.RolloutContradiction,
			kind: "Deployment", at: "spec progressDeadlineSeconds",
		},
		{
			path: "rollout.strategy", lines: `rollout: strategy: %s`, in: []any{"RollingUpdate"}, out: []any{"OnDelete", "rollingUpdate"},
			kind: "Deployment", at: "spec strategy type",
			stricter: map[string][]any{absent: {""}},
		},
		{
			path: "disruptionBudget.minAvailable", lines: `disruptionBudget: minAvailable: %s`, in: []any{0, 1, "50%"}, out: []any{-1, "1", "a%", "101%"},
			kind: "PodDisruptionBudget", at: "spec minAvailable",
			stricter: map[string][]any{unnatural: {10001, "01%"}},
		},
		{
			path: "disruptionBudget.maxUnavailable", lines: `disruptionBudget: maxUnavailable: %s`, in: []any{1, 10000, "1%", "100%"}, out: []any{-1, "1", "a%", "101%"},
			kind: "PodDisruptionBudget", at: "spec maxUnavailable",
			stricter: map[string][]any{unnatural: {10001, "01%"}},
		},
		{
			path: "spread.zones", lines: `spread: zones: %s`, in: []any{"None", "DoNotSchedule", "ScheduleAnyway"}, out: []any{"Never", ""},
			kind: "Pod", at: "spec topologySpreadConstraints 0 whenUnsatisfiable",
		},
		{
			path: "env.*.field", lines: `env: A: field: %s`, in: []any{"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.podIP", "status.hostIP"},
			out:  []any{"metadata.labels", "status.phase", "spec.hostname", ""},
			kind: "Pod", at: "spec containers 0 env 0 valueFrom fieldRef fieldPath",
			stricter: map[string][]any{"status.podIPs is for clusters of two families, labels are known when writing app.cue": {"status.podIPs", "metadata.labels['a']"}},
		},
		{
			path: "calls{}", lines: `calls: {(%s): port: "web"}`, in: []any{"a", long(50)}, out: []any{"a-", "a b", long(64)},
			kind: "NetworkPolicy/edge", at: "spec egress 2 to 0 podSelector matchLabels app.kubernetes.io/name",
			stricter: map[string][]any{"no application has that name": {"A", "a_b", "1a", long(51)}},
		},
		{
			path: "labels{}", lines: `labels: {(%s): "x"}`, in: []any{"a", "A_b.c", "mydomain.com/a", long(63), long(253) + "/" + long(63)},
			out:  []any{"", "a b", "/a", "a/", "A.com/a", long(64), long(254) + "/a"},
			kind: "Deployment", at: "metadata labels *",
		},
		{
			path: "annotations{}", lines: `annotations: {(%s): "x"}`, in: []any{"a", "A_b.c", "mydomain.com/a", long(63), long(253) + "/" + long(63)},
			out:  []any{"", "a b", "/a", "a/", long(64), long(254) + "/a"},
			kind: "Deployment", at: "metadata annotations *",
			stricter: map[string][]any{"a prefix is a name of DNS, written as labels want it": {"A.com/a"}, "kustomize, which Flux builds with, takes it for no string and fails": {"1", "1e3", "2026-11-26", "true", "null"}},
		},
		{
			path: "annotations.*", lines: `annotations: a: %s`, in: []any{"", "a\nb\t\u2028", "on", "1e3"},
			kind: "Deployment", at: "metadata annotations a",
			stricter: map[string][]any{unbuilt: append([]any{"a\x00b"}, unbuildable...)},
		},
		{
			path: "labels.*", lines: `labels: a: %s`, in: []any{"", "A_b.c", long(63)}, out: []any{"a b", "-a", "a-", long(64)},
			kind: "Deployment", at: "metadata labels a",
		},
		{
			path: "image.name", lines: `image: {name: %s, tag: "1"}`, in: []any{"a", "a/b-c", "a__b", long(200)},
			kind: "Pod", at: "spec containers 0 image",
			stricter: map[string][]any{unpullable: {"A", "a//b", "a:b:c"}, unnatural: {long(201)}}, out: []any{""},
		},
		{
			path: "image.tag", lines: `image: {name: "a", tag: %s}`, in: []any{"1", "_A.b-c", long(128)},
			kind: "Pod", at: "spec containers 0 image", out: []any{""},
			stricter: map[string][]any{unpullable: {"-1", "a b", long(129)}},
		},
		{
			path: "image.digest", lines: `image: {name: "a", digest: %s}`, in: []any{"sha256:" + strings.Repeat("0a", 32)},
			kind: "Pod", at: "spec containers 0 image", out: []any{""},
			stricter: map[string][]any{unpullable: {"sha256:" + strings.Repeat("0A", 32), "sha256:0a"}},
		},
		{
			path: "image", lines: `image: %s`, in: []any{"docker.io/a:1", "localhost:5000/a/b:1", "docker.io/" + long(488) + ":1"}, out: []any{"", " docker.io/a:1"},
			kind: "Pod", at: "spec containers 0 image",
			stricter: map[string][]any{"which registry it is from must not depend on a node": {"nginx:1", "library/nginx:1"}, unpullable: {"docker.io/A:1", "docker.io/" + long(489) + ":1"}},
		},
		{
			path: "image.project", lines: `image: {name: "a", tag: "1", project: %s}`, in: []any{"myorg"},
			kind: "Pod", at: "spec containers 0 image", out: []any{""},
			stricter: map[string][]any{unpullable: {"MyOrg", "a b"}, unnatural: {long(101)}},
		},
		{
			path: "image.project", lines: `image: {name: "a", tag: "1", project: %s}`, in: []any{"myorg"}, code: diag.UnknownProject,
			kind: "Pod", at: "spec containers 0 image",
			stricter: map[string][]any{"not one of the company's (S1)": {"other", long(100)}},
		},
		{
			path: "image.pullSecret", lines: `image: {reference: "docker.io/a:1", pullSecret: %s}`, in: []any{"a", "a.b", long(253)},
			kind: "Pod", at: "spec imagePullSecrets 0 name",
			stricter: map[string][]any{nameless: {"A", "a_b", "", long(254)}},
		},
	}
}

// platformEdges end up in the objects of spaces and of bootstrap, and in those of an application.
func platformEdges() []edge {
	quota := func(field, resource string, in, out []any, stricter map[string][]any) edge {
		return edge{
			path: "platform.spaces.*.quota." + field, lines: `spaces: web: {only: ["` + region + `"], quota: ` + field + `: %s}`, in: in, out: out,
			kind: "ResourceQuota", at: "spec hard " + resource, stricter: stricter,
		}
	}
	bytes, cores := []any{"1", "999999999999", "64Gi"}, []any{"1m", "999999", "40"}
	odd := []any{"-1", "1x", ""}
	list := []edge{
		{
			path: "platform.org", lines: `org: %s`, in: []any{"a", long(40)}, out: []any{"A", "a_b", "-a", long(64)},
			kind: "Namespace", at: "metadata name",
			stricter: map[string][]any{"a namespace has the space's name behind it, and ends at 63": {long(41)}, "starts names that start with a letter": {"1a"}},
		},
		{
			path: "platform.projects[]", lines: `projects: [%s]`, in: []any{"a", "a.b__c-d", long(100)}, out: []any{""},
			kind: "Pod", at: "spec containers 0 image",
			stricter: map[string][]any{unpullable: {"MyOrg", "a b", "a/"}, unnatural: {long(101)}},
		},
		{
			path: "platform.spaces{}", lines: `spaces: {web: only: ["` + region + `"], (%s): only: ["` + region + `"]}`, in: []any{"a", long(57)}, out: []any{"A", "a_b", "a-", long(64)},
			kind: "Namespace", at: "metadata name",
			stricter: map[string][]any{"starts names that start with a letter": {"1a"}},
		},
		{
			path: "platform.spaces.*.developers[]", lines: `spaces: web: {only: ["` + region + `"], developers: [%s]}`, in: []any{"a", "oidc:team-web@mydomain.com", long(253)}, out: []any{""},
			kind: "RoleBinding/developer", at: "subjects 0 name",
			stricter: map[string][]any{unnatural: {"a b", "a\tb", "a\u0085", "a\ufffe", long(254)}},
		},
		quota("cpu", "requests.cpu", cores, odd, map[string][]any{roundedUp: {"1.2345"}, unnatural: {"0", "1k", "1000000"}}),
		quota("memory", "requests.memory", bytes, odd, map[string][]any{unnatural: {"0", "1Pi", "1000000000000", "100m"}}),
		quota("memoryLimit", "limits.memory", bytes, odd, map[string][]any{unnatural: {"0", "1Pi", "1000000000000", "100m"}}),
		quota("pods", "pods", []any{1, 10000}, []any{-1}, map[string][]any{unnatural: {0, 10001}}),
		{
			path: "platform.spaces.*.backends.*.regions.*.cidrs[]", lines: backendOf(`ports: [3306], regions: "` + region + `": cidrs: [%s]`), with: `backends: ["db"]`,
			in: []any{"192.0.2.0/27", "2001:db8::/32", "192.0.2.1/32"}, out: []any{"192.0.2.1", "192.0.2.0/33", "192.0.2/24", "a", ""},
			kind: "NetworkPolicy/edge", at: "spec egress 2 to 0 ipBlock cidr",
		},
		{
			path: "platform.spaces.*.backends.*.regions.*.cidrs[]", lines: backendOf(`ports: [3306], regions: "` + region + `": cidrs: [%s]`), with: `backends: ["db"]`,
			in: []any{"192.0.2.0/27"}, late: []any{"192.0.2.1/27"}, code: diag.CIDRHostBits,
			kind: "NetworkPolicy/edge", at: "spec egress 2 to 0 ipBlock cidr",
		},
		{
			path: "platform.spaces.*.backends.*.ports[]", lines: backendOf(`ports: [%s], regions: "` + region + `": cidrs: ["192.0.2.0/27"]`), with: `backends: ["db"]`,
			in: []any{1, 65535}, out: []any{0, -1, 65536},
			kind: "NetworkPolicy/edge", at: "spec egress 2 ports 0 port",
		},
		{
			path: "platform.sync.namespace", lines: syncOf(`namespace: %s`), in: []any{"1", long(63), "a-b"}, out: []any{"A", "a_b", "-a", long(64)},
			kind: "Namespace", at: "metadata name", // the space's, which serves for one that must be there before
		},
		{
			path: "platform.sync.name", lines: syncOf(`name: %s`), in: []any{"a", long(50)}, out: []any{"A", "a_b", "a-", long(254)},
			kind: "GitRepository", at: "metadata name",
			stricter: map[string][]any{"names of other objects begin with it": {long(51), "1a", "a.b"}},
		},
		{
			path: "platform.sync.repository", lines: `sync: {secret: "a", repository: %s}`, in: []any{"https://git.mydomain.com/a.git", "ssh://git@git.mydomain.com:2222/~a/b"},
			out:  []any{"", "git@git.mydomain.com:a.git", "file:///a", "git.mydomain.com/a"},
			kind: "GitRepository", at: "spec url",
			stricter: map[string][]any{
				"a password would end up in logs": {"https://a:b@git.mydomain.com/a", "https://a@git.mydomain.com/a", "ssh://a:b@git.mydomain.com/a"},
				"there is no repository":          {"https://git.mydomain.com", "https://git.mydomain.com/", "https:///a", "https://git.mydomain.com/a?b", "https://git.mydomain.com/" + long(1000)},
			},
		},
		duration("poll", "GitRepository", "spec interval", []any{"1h"}, nil),
		duration("interval", "Kustomization", "spec interval", []any{"1h30m"}, nil),
		duration("timeout", "GitRepository", "spec timeout", nil, []any{"1h"}),
		{
			path: "platform.regions.*.registry", lines: `regions: "` + region + `": registry: %s`, in: []any{"localhost:5000", "a.b"}, out: []any{""},
			kind: "Pod", at: "spec containers 0 image",
			stricter: map[string][]any{unpullable: {"A.b", "a_b.c", "https://a.b", "a.b/c", "a.b:x"}},
		},
		{
			path: "platform.regions.*.edge.http.class", lines: `regions: "` + region + `": edge: http: class: %s`, with: `http: public: {host: "edge.mydomain.com", port: "web"}`,
			in: []any{"a", "a.b", long(253)}, out: []any{"A", "a_b", "", long(254)},
			kind: "Ingress", at: "spec ingressClassName",
		},
		{
			path: "platform.regions.*.edge.l4.tcpConfigMap", lines: `regions: "` + region + `": edge: l4: tcpConfigMap: %s`, with: `tcp: feed: {port: 9000, to: "web"}`,
			in: []any{"a.b", long(253), "feeds"}, out: []any{"A", "a_b", long(254)},
			kind: "ConfigMap/feeds", at: "metadata name",
		},
		{
			path: "platform.regions.*.edge.from[].pods{}", lines: `regions: "` + region + `": edge: from: [{namespace: a: "b", pods: {(%s): "x"}}]`, with: `http: public: {host: "edge.mydomain.com", port: "web"}`,
			in: []any{"mydomain.com/a", long(253) + "/" + long(63)}, out: []any{"", "a b", "/a", "A.com/a", long(64), long(254) + "/a"},
			kind: "NetworkPolicy/edge", at: "spec ingress 0 from 0 podSelector matchLabels *",
		},
		{
			path: "platform.regions.*.edge.from[].pods.*", lines: `regions: "` + region + `": edge: from: [{namespace: a: "b", pods: a: %s}]`, with: `http: public: {host: "edge.mydomain.com", port: "web"}`,
			in: []any{"", "A_b.c", long(63)}, out: []any{"a b", "-a", long(64)},
			kind: "NetworkPolicy/edge", at: "spec ingress 0 from 0 podSelector matchLabels a",
		},
	}
	for _, part := range []string{"defaultRequest", "default", "max"} {
		list = append(list, limit(part, "cpu", cores), limit(part, "memory", bytes))
	}
	return list
}

// limit is a row of what a container gets or may ask for.
func limit(part, resource string, in []any) edge {
	return edge{
		path: "platform.spaces.*.limits." + part + "." + resource, lines: `spaces: web: {only: ["` + region + `"], limits: ` + part + `: ` + resource + `: %s}`,
		in: in, out: []any{"1x", ""}, kind: "LimitRange", at: "spec limits 0 " + part + " " + resource,
		stricter: map[string][]any{unnatural: {"-1", "0", "1Pi", "1000000000000"}},
	}
}

// duration is a row of how often or how long.
func duration(field, kind, at string, in, out []any) edge {
	return edge{
		path: "platform.sync." + field, lines: syncOf(field + `: %s`),
		in: append(in, "1s", "90m", "1m30s"), out: append(out, "", "10", "m", "1d", "-1m", "1 m"),
		kind: kind, at: at, stricter: map[string][]any{unnatural: {"1.5m", "100ms"}},
	}
}

// probeOf is a liveness check.
func probeOf(fields string) string { return "health: liveness: {" + fields + "}" }

// backendOf is a back end of the space that the application is in.
func backendOf(fields string) string {
	return `spaces: web: {only: ["` + region + `"], backends: db: {` + fields + `}}`
}

// syncOf is how clusters sync.
func syncOf(field string) string {
	return `sync: {repository: "https://git.mydomain.com/gitops.git", ` + field + `}`
}
