package boutique

import "slices"

// deviation is a way in which our objects differ from the original ones, and why.
type deviation struct {
	only, except   []string // services; neither means all
	fields         []string // as differences names them
	original, ours string   // "" where it is absent, "present" for a whole object; {app} is the service's name
	why            string
}

func (d deviation) concerns(service string) bool {
	return (len(d.only) == 0 || slices.Contains(d.only, service)) && !slices.Contains(d.except, service)
}

func deviations() []deviation {
	return slices.Concat(identity(), pods(), rollout(), network(), peculiarities())
}

// listensOnNothing has no port, and so no Service and no exit hook.
var listensOnNothing = []string{"loadgenerator"}

const (
	template  = "Deployment spec.template."
	container = template + "spec.containers[0]."
)

// identity: names and labels.
func identity() []deviation {
	const (
		newLabels = "the recommended labels of Kubernetes tell whose an object is"
		oldLabel  = "the selector is app.kubernetes.io/name, for ever and for every application; a label app may be given in labels"
	)
	return []deviation{
		{fields: []string{"Deployment metadata.labels.app", template + "metadata.labels.app", "Deployment spec.selector.matchLabels.app"}, original: "{app}", why: oldLabel},
		{except: listensOnNothing, fields: []string{"Service metadata.labels.app", "Service spec.selector.app"}, original: "{app}", why: oldLabel},
		{
			fields: []string{"Deployment metadata.labels[app.kubernetes.io/name]", template + "metadata.labels[app.kubernetes.io/name]", "Deployment spec.selector.matchLabels[app.kubernetes.io/name]"},
			ours:   "{app}", why: newLabels,
		},
		{except: listensOnNothing, fields: []string{"Service metadata.labels[app.kubernetes.io/name]", "Service spec.selector[app.kubernetes.io/name]"}, ours: "{app}", why: newLabels},
		{except: []string{"redis-cart"}, fields: []string{"ServiceAccount metadata.labels[app.kubernetes.io/name]"}, ours: "{app}", why: newLabels},
		{fields: []string{"Deployment metadata.labels[app.kubernetes.io/part-of]", template + "metadata.labels[app.kubernetes.io/part-of]"}, ours: "boutique", why: newLabels},
		{except: listensOnNothing, fields: []string{"Service metadata.labels[app.kubernetes.io/part-of]"}, ours: "boutique", why: newLabels},
		{except: []string{"redis-cart"}, fields: []string{"ServiceAccount metadata.labels[app.kubernetes.io/part-of]"}, ours: "boutique", why: newLabels},
		{fields: []string{"Deployment metadata.labels[app.kubernetes.io/managed-by]", template + "metadata.labels[app.kubernetes.io/managed-by]"}, ours: "meridian", why: newLabels},
		{except: listensOnNothing, fields: []string{"Service metadata.labels[app.kubernetes.io/managed-by]"}, ours: "meridian", why: newLabels},
		{except: []string{"redis-cart"}, fields: []string{"ServiceAccount metadata.labels[app.kubernetes.io/managed-by]"}, ours: "meridian", why: newLabels},
		{fields: []string{"Deployment metadata.annotations[meridian/owner]"}, ours: "team-boutique@mydomain.com", why: "who answers for it is recorded with it"},

		{fields: []string{"Deployment metadata.namespace"}, ours: "myorg-boutique", why: "an application lives in its space's namespace (S3)"},
		{except: listensOnNothing, fields: []string{"Service metadata.namespace"}, ours: "myorg-boutique", why: "an application lives in its space's namespace (S3)"},
		{except: []string{"redis-cart"}, fields: []string{"ServiceAccount metadata.namespace"}, ours: "myorg-boutique", why: "an application lives in its space's namespace (S3)"},

		{except: []string{"loadgenerator", "redis-cart"}, fields: []string{container + "name"}, original: "server", ours: "{app}", why: "a container has its application's name"},
		{only: []string{"loadgenerator"}, fields: []string{container + "name"}, original: "main", ours: "{app}", why: "a container has its application's name"},
		{only: []string{"redis-cart"}, fields: []string{container + "name"}, original: "redis", ours: "{app}", why: "a container has its application's name"},
		{except: []string{"currencyservice", "frontend", "loadgenerator", "redis-cart"}, fields: []string{container + "ports[0].name"}, ours: "grpc", why: "every port has a name; the Service has it too"},
		{only: []string{"frontend"}, fields: []string{container + "ports[0].name"}, ours: "http", why: "every port has a name; the Service has it too"},
		{only: []string{"redis-cart"}, fields: []string{container + "ports[0].name"}, ours: "tcp-redis", why: "every port has a name; the Service has it too"},
	}
}

// pods: what runs and how it is confined.
func pods() []deviation {
	const registry = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/"
	return []deviation{
		{except: []string{"redis-cart"}, fields: []string{container + "image"}, original: "{app}", ours: registry + "{app}:v0.10.7", why: "the original is a placeholder that its own build replaces; ours is the project's published image, by its full reference (S1)"},
		{only: []string{"redis-cart"}, fields: []string{container + "image"}, original: "redis:alpine", ours: "docker.io/library/redis:alpine@sha256:9d317178eceac8454a2284a9e6df2466b93c745529947f0cd42a0fa9609d7005", why: "a full reference names its registry; the digest keeps the tag from moving"},
		{fields: []string{template + "spec.imagePullSecrets[registry].name"}, ours: "registry", why: "pods pull with the space's credential (S6); public images do not need it and it does no harm"},
		{fields: []string{template + "spec.automountServiceAccountToken"}, ours: "false", why: "no application talks to the Kubernetes API"},
		{except: []string{"redis-cart"}, fields: []string{"ServiceAccount automountServiceAccountToken"}, ours: "false", why: "no application talks to the Kubernetes API"},
		{fields: []string{template + "spec.enableServiceLinks"}, original: "true", ours: "false", why: "variables for every Service of the namespace slow the start and can clash with the application's own"},
		{fields: []string{template + "spec.securityContext.seccompProfile.type"}, ours: "RuntimeDefault", why: "Pod Security's restricted profile asks for it; without it the pods would be refused"},
		{fields: []string{template + "spec.volumes[scratch-tmp].name", container + "volumeMounts[/tmp].name"}, ours: "scratch-tmp", why: "/tmp is always writable, on a limited folder (S9)"},
		{fields: []string{template + "spec.volumes[scratch-tmp].emptyDir.sizeLimit"}, ours: "64Mi", why: "/tmp is always writable, on a limited folder (S9)"},
		{fields: []string{container + "volumeMounts[/tmp].mountPath"}, ours: "/tmp", why: "/tmp is always writable, on a limited folder (S9)"},
	}
}

// rollout: how pods are replaced and end.
func rollout() []deviation {
	return []deviation{
		{fields: []string{"Deployment spec.revisionHistoryLimit"}, original: "10", ours: "5", why: "history is in git"},
		{fields: []string{"Deployment spec.strategy.rollingUpdate.maxUnavailable"}, original: "25%", ours: "0", why: "a rollout never serves with fewer pods than wanted"},
		{except: listensOnNothing, fields: []string{container + "lifecycle.preStop.sleep.seconds"}, ours: "5", why: "an application that others reach serves on while the endpoints are updated (S16)"},
		{
			only:     []string{"adservice", "cartservice", "currencyservice", "emailservice", "paymentservice", "productcatalogservice", "recommendationservice"},
			fields:   []string{template + "spec.terminationGracePeriodSeconds"},
			original: "5", ours: "10", why: "the grace period begins with the hook: after its 5 s the process has the original's 5 s",
		},
	}
}

// network: who reaches whom.
func network() []deviation {
	return []deviation{
		{fields: []string{"NetworkPolicy"}, ours: "present", why: "an application reaches what it declares, and nothing else (S19); the original has its policies in a component of its own"},
		{only: []string{"frontend"}, fields: []string{"Ingress/frontend-public"}, ours: "present", why: "HTTP is exposed through the region's edge, on a host under a registered domain (S10)"},
		{only: []string{"frontend"}, fields: []string{"Service/frontend-external"}, original: "present", why: "the Ingress takes its place: a load balancer of the application's own would pass the edge by"},
	}
}

// peculiarities of single services.
func peculiarities() []deviation {
	const (
		istio = "prefixes of other controllers are reserved, and Istio rewrites probes by default"
		quota = "the space has a quota, which wants requests from every container"
		wait  = template + "spec.initContainers[frontend-check]."
	)
	redis := []string{"redis-cart"}
	load := []string{"loadgenerator"}
	return []deviation{
		{only: []string{"frontend", "loadgenerator"}, fields: []string{template + "metadata.annotations[sidecar.istio.io/rewriteAppHTTPProbers]"}, original: "true", why: istio},
		{
			only: load, fields: []string{wait + "image"},
			original: "busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
			ours:     "docker.io/library/busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
			why:      "a full reference names its registry",
		},
		{only: load, fields: []string{wait + "resources"}, original: "{}", why: quota},
		{only: load, fields: []string{wait + "resources.requests.cpu"}, ours: "10m", why: quota},
		{only: load, fields: []string{wait + "resources.requests.memory", wait + "resources.limits.memory"}, ours: "16Mi", why: quota},
		{only: redis, fields: []string{"ServiceAccount"}, ours: "present", why: "every application has an account of its own, without rights"},
		{only: redis, fields: []string{template + "spec.serviceAccountName"}, ours: "redis-cart", why: "every application has an account of its own, without rights"},
		{only: redis, fields: []string{template + "spec.volumes[redis-data].emptyDir"}, original: "{}", why: "a scratch folder's volume is named after its path"},
		{only: redis, fields: []string{template + "spec.volumes[redis-data].name"}, original: "redis-data", why: "a scratch folder's volume is named after its path"},
		{only: redis, fields: []string{template + "spec.volumes[scratch-data].name"}, ours: "scratch-data", why: "a scratch folder's volume is named after its path"},
		{only: redis, fields: []string{container + "volumeMounts[/data].name"}, original: "redis-data", ours: "scratch-data", why: "a scratch folder's volume is named after its path"},
		{only: redis, fields: []string{template + "spec.volumes[scratch-data].emptyDir.sizeLimit"}, ours: "256Mi", why: "a scratch folder has a limit (S9), so that it cannot fill its node's disk"},
	}
}
