package main

import "regexp"

// tool is a program with a workload, the mistakes that are planted in it, and how its users check it.
type tool struct {
	name    string
	variant string // how it is used, where that has a row of its own
	purpose string // what it is for, and what it is given here
	version string
	install string   // the package for `go install`; empty for Meridian
	folders []string // below workloads, copied over one another in this order
	steps   []step
	edits   []edit // one a mistake, in the order of mistakes()
}

// step is one command of a tool.
type step struct {
	args      []string
	manifests bool // standard output is what was rendered, not what was found
}

// edit replaces the only occurrence of a text in a file. It adds no line and removes none.
type edit struct{ file, old, new string }

// mistake is one of the four, with what shows that an output speaks of it.
type mistake struct {
	name  string
	title string
	mark  *regexp.Regexp // the field's name or the wrong value, as any of the tools spells it
}

func mistakes() []mistake {
	return []mistake{
		{"typo", "a misspelt name of an optional field, `gracePeriodSecond`", regexp.MustCompile(`[gG]racePeriodSecond\b`)},
		{"type", "a word for a number, `replicas: \"three\"`", regexp.MustCompile(`\breplicas\b|\bthree\b|\bcount\b`)},
		{"range", "a value out of range, `periodSeconds: -5` in a readiness probe", regexp.MustCompile(`\bperiodSeconds\b`)},
		{"CIDR", "an address range that is none, `10.10.1.0/33` in an allow-list", regexp.MustCompile(`10\.10\.1\.0/33|\ballowFrom\b|\bcidr\b`)},
	}
}

func meridian() tool {
	return tool{
		name:    "Meridian",
		purpose: "An `app.cue`, and `meridian vet`.",
		folders: []string{"meridian"},
		steps:   []step{{args: []string{"meridian", "vet", "app.cue"}}},
		edits: []edit{
			{"app.cue", "gracePeriodSeconds: 60", "gracePeriodSecond: 60"},
			{"app.cue", "replicas: 3", `replicas: "three"`},
			{"app.cue", "periodSeconds: 5", "periodSeconds: -5"},
			{"app.cue", "10.10.1.0/24", "10.10.1.0/33"},
		},
	}
}

// yaml is the four mistakes in one YAML file of values.
func yaml(file string) []edit {
	return []edit{
		{file, "gracePeriodSeconds: 60", "gracePeriodSecond: 60"},
		{file, "replicas: 3", `replicas: "three"`},
		{file, "periodSeconds: 5", "periodSeconds: -5"},
		{file, "10.10.1.0/24", "10.10.1.0/33"},
	}
}

// objects is the four mistakes in manifests: the pod's field and the policy's have other names there.
func objects() []edit {
	return []edit{
		{"deployment.yaml", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSecond: 60"},
		{"deployment.yaml", "replicas: 3", `replicas: "three"`},
		{"deployment.yaml", "periodSeconds: 5", "periodSeconds: -5"},
		{"networkpolicy.yaml", "10.10.1.0/24", "10.10.1.0/33"},
	}
}
