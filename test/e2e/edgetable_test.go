package e2e

import "strings"

// withoutEdges are leaf types whose values end up in no object that an API server could judge.
var withoutEdges = map[string]string{
	"#APIVersion": "of the file itself",
	"#Boolean":    "true and false are all there are",
	"#Contact":    "recorded beside the manifests",
	"#RegionID":   "says where objects go",
	"#SourcePath": "names a file that is read when compiling",
	"#PatchKind":  "says which object a patch changes",
	"#SpaceName":  "has to be one that the platform declares; Namespaces are in the golden trees of platforms",
}

// long is a text of n letters.
func long(n int) string { return strings.Repeat("a", n) }

// The reasons why Meridian is stricter, where there is one for many.
const (
	unpullable = "no node could pull it"
	unnatural  = "a mistake rather than a wish"
	roundedUp  = "is rounded up silently"
	defaulted  = "0 is taken for absent, and becomes the default"
	dialects   = "ingress controllers read it differently"
)

var edges = []edge{
	{
		leaf: "#AppName", field: "name", lines: "name: %s", in: []any{"a", long(50)}, out: []any{"A", "a-", "a_b", long(64)},
		kind: "Service", at: "metadata name",
		stricter: map[string][]any{"pods get a suffix, and a label's value ends at 63": {long(51)}},
	},
	{
		leaf: "#EntryName", field: "http", lines: `http: {(%s): {host: "edge.mydomain.com", port: "web"}}`, in: []any{"a", long(40)}, out: []any{"A", "a_b", "a-"},
		kind: "Ingress", at: "metadata name",
		stricter: map[string][]any{"one name for exposures, back ends and rules, wherever it ends up": {long(41), "1a"}},
	},
	{
		leaf: "#PortName", field: "ports", lines: `ports: {(%s): 8080}`, in: []any{"a", "1a", "a-b", long(15)}, out: []any{"A", "-a", "a--b", "1", "a_b", long(16)},
		kind: "Pod", at: "spec containers 0 ports 0 name",
	},
	{
		leaf: "#PortNumber", field: "ports", lines: `ports: web: %s`, in: []any{1, 65535}, out: []any{0, -1, 65536},
		kind: "Pod", at: "spec containers 0 ports 0 containerPort",
	},
	{
		leaf: "#PortNumber", field: "servicePort", lines: `ports: web: {port: 8080, servicePort: %s}`, in: []any{1, 65535}, out: []any{0, 65536},
		kind: "Service", at: "spec ports 0 port",
	},
	{
		leaf: "#Protocol", field: "ports", lines: `ports: web: {port: 8080, protocol: %s}`, in: []any{"TCP", "UDP"}, out: []any{"HTTP", "tcp"},
		kind: "Pod", at: "spec containers 0 ports 0 protocol",
		stricter: map[string][]any{"no proxy of a region forwards it (S11)": {"SCTP"}},
	},
	{
		leaf: "#ObjectName", field: "env.secret", lines: `env: A: secret: {name: %s, key: "a"}`, in: []any{"a", "1", "a.b-c", long(253)}, out: []any{"", "A", "a_b", long(254)},
		kind: "Pod", at: "spec containers 0 env 0 valueFrom secretKeyRef name",
	},
	{
		leaf: "#ObjectName", field: "tls.secret", lines: `http: public: {host: "edge.mydomain.com", port: "web", tls: secret: %s}`, in: []any{"a", "a.b"}, out: []any{"A", "a_b", long(254)},
		kind: "Ingress", at: "spec tls 0 secretName",
	},
	{
		leaf: "#DataKey", field: "env.secret", lines: `env: A: secret: {name: "a", key: %s}`, in: []any{"a", "-._", long(253)}, out: []any{"", "..", "..a", "a/b", "a b", long(254)},
		kind: "Pod", at: "spec containers 0 env 0 valueFrom secretKeyRef key",
	},
	{
		leaf: "#EnvName", field: "env", lines: `env: {(%s): "x"}`, in: []any{"A", "_", "a.b-c"}, out: []any{"", "A=B"},
		kind: "Pod", at: "spec containers 0 env 0 name",
		stricter: map[string][]any{"shells and libraries cannot read it": {"1A", "A B"}},
	},
	{
		leaf: "#Text", field: "env", lines: `env: A: %s`, in: []any{"", "a\nb\t\u2028", "on", "1e3"},
		kind: "Pod", at: "spec containers 0 env 0 value",
		stricter: map[string][]any{"ends the variable in the process": {"a\x00b"}},
	},
	{
		leaf: "#NonEmpty", field: "command", lines: `command: [%s]`, in: []any{"a", " "},
		kind: "Pod", at: "spec containers 0 command 0",
		stricter: map[string][]any{"there is no such program": {""}, "ends the argument": {"a\x00"}},
	},
	{
		leaf: "#Host", field: "http", lines: `http: public: {host: %s, port: "web"}`, in: []any{"a.mydomain.com", "*.mydomain.com", long(63) + ".mydomain.com"},
		out:  []any{"A.mydomain.com", "a_b.mydomain.com", "a.*.mydomain.com", "*.*.mydomain.com", "1.2.3.4", "a..mydomain.com"},
		kind: "Ingress", at: "spec rules 0 host",
		stricter: map[string][]any{"no certificate can have it: a label ends at 63": {long(64) + ".mydomain.com"}},
	},
	{
		leaf: "#HTTPPath", field: "paths", lines: `http: public: {host: "edge.mydomain.com", port: "web", paths: [%s]}`, in: []any{"/", "/a/b-c_d.e", "/a/"},
		out:  []any{"a", "/a//b", "/a/../b", "/./a", ""},
		kind: "Ingress", at: "spec rules 0 http paths 0 path",
		stricter: map[string][]any{dialects: {"/a b", "/a;b", "/a*", "/(a|b)"}},
	},
	{
		leaf: "#PathType", field: "paths", lines: `http: public: {host: "edge.mydomain.com", port: "web", paths: [{path: "/a", type: %s}]}`, in: []any{"Prefix", "Exact"}, out: []any{"Regex", ""},
		kind: "Ingress", at: "spec rules 0 http paths 0 pathType",
		stricter: map[string][]any{dialects: {"ImplementationSpecific"}},
	},
	{
		leaf: "#CIDR", field: "allowFrom", lines: `http: public: {host: "edge.mydomain.com", port: "web", allowFrom: [%s]}`, in: []any{"1.2.3.4/32", "0.0.0.0/0", "2001:db8::/32"},
		kind: "Ingress", at: "metadata annotations nginx.ingress.kubernetes.io/whitelist-source-range",
		stricter: map[string][]any{"an annotation is any text to the API server, and the controller would let everybody in, or nobody": {"1.2.3.4/33", "1.2.3.4", "1.2.3/24"}},
	},
	{
		leaf: "#CIDRs", field: "allowFrom", lines: `http: public: {host: "edge.mydomain.com", port: "web", allowFrom: %s}`, in: []any{"1.2.3.4/32", "1.2.3.4/32,5.6.7.0/24"},
		kind: "Ingress", at: "metadata annotations nginx.ingress.kubernetes.io/whitelist-source-range",
		stricter: map[string][]any{"an annotation is any text to the API server": {"1.2.3.4/32;5.6.7.8/32", "1.2.3.4/32,", ""}},
	},
	{
		leaf: "#FilePath", field: "files", lines: `files: {(%s): "x"}`, in: []any{"/a", "/a/b c", "/etc/a.b/c"}, out: []any{""},
		kind: "Pod", at: "spec containers 0 volumeMounts 0 mountPath",
		stricter: map[string][]any{"each container runtime has its own idea of it": {"a", "/a/../b", "/a\nb", "/a:b"}},
	},
	{
		leaf: "#ProbePath", field: "liveness", lines: probeOf(`http: {path: %s, port: "web"}`), in: []any{"/", "/a?b=c&d=%20"},
		kind: "Pod", at: "spec containers 0 livenessProbe httpGet path",
		stricter: map[string][]any{"not what a request line can have": {"a", "/a b", "/ä"}},
	},
	{
		leaf: "#Scheme", field: "liveness", lines: probeOf(`http: {path: "/", port: "web", scheme: %s}`), in: []any{"HTTP", "HTTPS"}, out: []any{"http", "FTP"},
		kind: "Pod", at: "spec containers 0 livenessProbe httpGet scheme",
	},
	{
		leaf: "#HeaderName", field: "liveness", lines: probeOf(`http: {path: "/", port: "web", headers: {(%s): "x"}}`), in: []any{"X", "x-1"}, out: []any{"", "X:", "X Y", "X_Y"},
		kind: "Pod", at: "spec containers 0 livenessProbe httpGet httpHeaders 0 name",
	},
	{
		leaf: "#Line", field: "liveness", lines: probeOf(`http: {path: "/", port: "web", headers: X: %s}`), in: []any{"x", "ä b", long(1000)},
		kind: "Pod", at: "spec containers 0 livenessProbe httpGet httpHeaders 0 value",
		stricter: map[string][]any{"a header ends with its line": {"a\nb", "a\rb"}, unnatural: {"", long(1001)}},
	},
	{
		leaf: "#Seconds", field: "liveness", lines: probeOf(`tcp: {port: "web"}, initialDelaySeconds: %s`), in: []any{0, 86400}, out: []any{-1},
		kind: "Pod", at: "spec containers 0 livenessProbe initialDelaySeconds",
		stricter: map[string][]any{unnatural: {86401}},
	},
	{
		leaf: "#PositiveSeconds", field: "liveness", lines: probeOf(`tcp: {port: "web"}, periodSeconds: %s`), in: []any{1, 86400}, out: []any{-1},
		kind: "Pod", at: "spec containers 0 livenessProbe periodSeconds",
		stricter: map[string][]any{defaulted: {0}, unnatural: {86401}},
	},
	{
		leaf: "#PositiveSeconds", field: "shutdown", lines: `shutdown: gracePeriodSeconds: %s`, in: []any{6, 86400}, out: []any{-1, 0},
		kind: "Pod", at: "spec terminationGracePeriodSeconds",
		stricter: map[string][]any{unnatural: {86401}},
	},
	{
		leaf: "#Threshold", field: "liveness", lines: probeOf(`tcp: {port: "web"}, failureThreshold: %s`), in: []any{1, 1000}, out: []any{-1},
		kind: "Pod", at: "spec containers 0 livenessProbe failureThreshold",
		stricter: map[string][]any{defaulted: {0}, unnatural: {1001}},
	},
	{
		leaf: "#Threshold", field: "liveness.successThreshold", lines: probeOf(`tcp: {port: "web"}, successThreshold: %s`), in: []any{1}, out: []any{2},
		kind: "Pod", at: "spec containers 0 livenessProbe successThreshold",
	},
	{
		leaf: "#CPU", field: "requests", lines: `resources: requests: cpu: %s`, in: []any{"1m", "1.5", "250m"}, out: []any{"-1", "1x", ""},
		kind: "Pod", at: "spec containers 0 resources requests cpu",
		stricter: map[string][]any{roundedUp: {"1.2345"}, unnatural: {"0", "1k"}},
	},
	{
		leaf: "#Memory", field: "requests", lines: `resources: requests: memory: %s`, in: []any{"1", "256Mi", "1.5Gi"}, out: []any{"-1", "1x", "1KI", ""},
		kind: "Pod", at: "spec containers 0 resources requests memory",
		stricter: map[string][]any{unnatural: {"0"}},
	},
	{
		leaf: "#UserID", field: "user", lines: `user: %s`, in: []any{1, 2147483647}, out: []any{0, -1, 2147483648},
		kind: "Pod", at: "spec securityContext runAsUser",
	},
	{
		leaf: "#Replicas", field: "replicas", lines: `replicas: %s`, in: []any{0, 10000}, out: []any{-1},
		kind: "Deployment", at: "spec replicas",
		stricter: map[string][]any{unnatural: {10001}},
	},
	{
		leaf: "#Count", field: "autoscale", lines: `autoscale: {min: 1, max: %s}`, in: []any{1, 10000}, out: []any{0, -1},
		kind: "HorizontalPodAutoscaler", at: "spec maxReplicas",
		stricter: map[string][]any{unnatural: {10001}},
	},
	{
		leaf: "#UpToAnHour", field: "autoscale", lines: `autoscale: {min: 1, max: 2, scaleDownDelaySeconds: %s}`, in: []any{0, 3600}, out: []any{-1, 3601},
		kind: "HorizontalPodAutoscaler", at: "spec behavior scaleDown stabilizationWindowSeconds",
	},
	{
		leaf: "#Percentage", field: "autoscale", lines: `autoscale: {min: 1, max: 2, cpu: %s}`, in: []any{1, 1000}, out: []any{0, -1},
		kind: "HorizontalPodAutoscaler", at: "spec metrics 0 resource target averageUtilization",
		stricter: map[string][]any{unnatural: {1001}},
	},
	{
		leaf: "#CountOrPercent", field: "maxUnavailable", lines: `rollout: maxUnavailable: %s`, in: []any{1, 10000, "1%", "100%"}, out: []any{-1, "101%", "1", "a%"},
		kind: "Deployment", at: "spec strategy rollingUpdate maxUnavailable",
		stricter: map[string][]any{unnatural: {10001, "01%"}},
	},
	{
		leaf: "#Strategy", field: "rollout", lines: `rollout: strategy: %s`, in: []any{"RollingUpdate"}, out: []any{"OnDelete", "rollingUpdate"},
		kind: "Deployment", at: "spec strategy type",
		stricter: map[string][]any{"is taken for absent": {""}},
	},
	{
		leaf: "#Spreading", field: "spread", lines: `spread: zones: %s`, in: []any{"None", "DoNotSchedule", "ScheduleAnyway"}, out: []any{"Never", ""},
		kind: "Pod", at: "spec topologySpreadConstraints 0 whenUnsatisfiable",
	},
	{
		leaf: "#PodField", field: "env", lines: `env: A: field: %s`, in: []any{"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.podIP", "status.hostIP"},
		out:  []any{"metadata.labels", "status.phase", "spec.hostname", ""},
		kind: "Pod", at: "spec containers 0 env 0 valueFrom fieldRef fieldPath",
		stricter: map[string][]any{"status.podIPs is for clusters of two families, labels are known when writing app.cue": {"status.podIPs", "metadata.labels['a']"}},
	},
	{
		leaf: "#LabelKey", field: "labels", lines: `labels: {(%s): "x"}`, in: []any{"a", "A_b.c", "mydomain.com/a", long(63)}, out: []any{"", "a b", "/a", "a/", "A.com/a", long(64)},
		kind: "Deployment", at: "metadata labels *",
	},
	{
		leaf: "#AnnotationKey", field: "annotations", lines: `annotations: {(%s): "x"}`, in: []any{"a", "A_b.c", "mydomain.com/a", long(63)}, out: []any{"", "a b", "/a", "a/", long(64)},
		kind: "Deployment", at: "metadata annotations *",
		stricter: map[string][]any{"a prefix is a name of DNS, written as labels want it": {"A.com/a"}, "kustomize, which Flux builds with, takes it for no string and fails": {"1", "1e3", "2026-11-26", "true", "null"}},
	},
	{
		leaf: "#LabelValue", field: "labels", lines: `labels: a: %s`, in: []any{"", "A_b.c", long(63)}, out: []any{"a b", "-a", "a-", long(64)},
		kind: "Deployment", at: "metadata labels a",
	},
	{
		leaf: "#ImageName", field: "image", lines: `image: {name: %s, tag: "1"}`, in: []any{"a", "a/b-c", "a__b"},
		kind: "Pod", at: "spec containers 0 image",
		stricter: map[string][]any{unpullable: {"A", "a//b", "a:b:c"}}, out: []any{""},
	},
	{
		leaf: "#ImageTag", field: "image", lines: `image: {name: "a", tag: %s}`, in: []any{"1", "_A.b-c", long(128)},
		kind: "Pod", at: "spec containers 0 image", out: []any{""},
		stricter: map[string][]any{unpullable: {"-1", "a b", long(129)}},
	},
	{
		leaf: "#ImageDigest", field: "image", lines: `image: {name: "a", digest: %s}`, in: []any{"sha256:" + strings.Repeat("0a", 32)},
		kind: "Pod", at: "spec containers 0 image", out: []any{""},
		stricter: map[string][]any{unpullable: {"sha256:" + strings.Repeat("0A", 32), "sha256:0a"}},
	},
	{
		leaf: "#ImageReference", field: "image", lines: `image: %s`, in: []any{"docker.io/a:1", "localhost:5000/a/b:1"}, out: []any{"", " docker.io/a:1"},
		kind: "Pod", at: "spec containers 0 image",
		stricter: map[string][]any{"which registry it is from must not depend on a node": {"nginx:1", "library/nginx:1"}, unpullable: {"docker.io/A:1"}},
	},
	{
		leaf: "#ProjectName", field: "image", lines: `image: {name: "a", tag: "1", project: %s}`, in: []any{"myorg"},
		kind: "Pod", at: "spec containers 0 image", out: []any{""},
		stricter: map[string][]any{unpullable: {"MyOrg", "a b"}, "not one of the company's (S1)": {"other"}},
	},
}

// probeOf is a liveness check.
func probeOf(fields string) string { return "health: liveness: {" + fields + "}" }
