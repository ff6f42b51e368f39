package main

// peers are the tools that Meridian is compared with, pinned. Renderers come first, checkers of manifests after them.
func peers() []tool {
	return append(renderers(), checkers()...)
}

func renderers() []tool {
	const (
		helm    = "helm.sh/helm/v4/cmd/helm"
		jsonnet = "github.com/google/go-jsonnet/cmd/jsonnet"
	)
	lint := []step{
		{args: []string{"helm", "lint", "--strict", ".", "-f", "shop-api.yaml"}},
		{args: []string{"helm", "template", "shop-api", ".", "-f", "shop-api.yaml"}, manifests: true},
	}
	render := []step{{args: []string{"jsonnet", "shop-api.jsonnet"}, manifests: true}}
	libsonnet := []edit{
		{"shop-api.jsonnet", "gracePeriodSeconds: 60", "gracePeriodSecond: 60"},
		{"shop-api.jsonnet", "replicas: 3", "replicas: 'three'"},
		{"shop-api.jsonnet", "periodSeconds: 5", "periodSeconds: -5"},
		{"shop-api.jsonnet", "10.10.1.0/24", "10.10.1.0/33"},
	}
	return []tool{
		{
			name:    "helm",
			purpose: "A package manager; its templates make text and promise no validation of values. A chart of the house, and an application's values beside it; `helm lint --strict`, then `helm template`.",
			version: "v4.3.1", install: helm, folders: []string{"helm"}, steps: lint, edits: yaml("shop-api.yaml"),
		},
		{
			name: "helm", variant: "values schema",
			purpose: "The same chart with a `values.schema.json`, which is how Helm recommends to validate values: closed, with types, ranges and patterns.",
			version: "v4.3.1", install: helm, folders: []string{"helm", "helm-schema"}, steps: lint, edits: yaml("shop-api.yaml"),
		},
		{
			name:    "kustomize",
			purpose: "Patches manifests and leaves their validation to others. A base, and a region's overlay with `replicas` and two strategic merge patches, in which the mistakes are made.",
			version: "v5.8.1", install: "sigs.k8s.io/kustomize/kustomize/v5", folders: []string{"kustomize"},
			steps: []step{{args: []string{"kustomize", "build", "oregon"}, manifests: true}},
			edits: []edit{
				{"oregon/deployment.yaml", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSecond: 60"},
				{"oregon/kustomization.yaml", "count: 3", `count: "three"`},
				{"oregon/deployment.yaml", "periodSeconds: 5", "periodSeconds: -5"},
				{"oregon/networkpolicy.yaml", "10.10.1.0/24", "10.10.1.0/33"},
			},
		},
		{
			name: "cue", variant: "house schema",
			purpose: "A language for data and its constraints. A closed definition of an application, the application, and the objects made of it; `cue vet -c -E`, which prints all errors.",
			version: "v0.17.1", install: "cuelang.org/go/cmd/cue", folders: []string{"cue"},
			steps: []step{{args: []string{"cue", "vet", "-c", "-E", "."}}},
			edits: yaml("shop-api.cue"),
		},
		{
			name:    "jsonnet",
			purpose: "A data templating language without types or schemas. A library with defaults in `_config`, and an application that overrides them.",
			version: "v0.22.0", install: jsonnet, folders: []string{"jsonnet"}, steps: render, edits: libsonnet,
		},
		{
			name: "jsonnet", variant: "own assertions",
			purpose: "The same with object assertions written by the house: known fields, types, ranges, and a function that checks a CIDR. The first that fails ends the run.",
			version: "v0.22.0", install: jsonnet, folders: []string{"jsonnet", "jsonnet-assert"}, steps: render, edits: libsonnet,
		},
	}
}

func checkers() []tool {
	return []tool{
		{
			name: "kubeconform", variant: "-strict",
			purpose: "Checks manifests, from whatever renderer, against the JSON schemas of Kubernetes, which hold types and names but hardly any range. Offline here, with schemas made from the OpenAPI document of Kubernetes " + kubernetes + ".",
			version: "v0.8.0", install: "github.com/yannh/kubeconform/cmd/kubeconform", folders: []string{"manifests"},
			steps: []step{{args: []string{"kubeconform", "-strict", "-schema-location", "../schemas/{{.ResourceKind}}{{.KindSuffix}}.json", "deployment.yaml", "networkpolicy.yaml"}}},
			edits: objects(),
		},
		{
			name:    "kube-score",
			purpose: "Scores manifests by good practice, such as limits and probes; whether they are well-formed is not its question.",
			version: "v1.20.0", install: "github.com/zegl/kube-score/cmd/kube-score", folders: []string{"manifests"},
			steps: []step{{args: []string{"kube-score", "score", "deployment.yaml", "networkpolicy.yaml", "poddisruptionbudget.yaml"}}},
			edits: objects(),
		},
	}
}
