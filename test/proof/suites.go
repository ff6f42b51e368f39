package main

// suites are all of them, in the order of docs/proof.md.
func suites(minors string) []suite {
	e2e := func(name, run string) suite {
		return suite{name: name, pkg: "./test/e2e", run: run, env: []string{"MERIDIAN_E2E=" + minors}}
	}
	return []suite{
		e2e("API servers take every object", "^TestDryRun$"),
		e2e("API servers refuse what is wrong", "^TestDryRunRefuses$"),
		e2e("rollouts", "^TestRollouts$"),
		e2e("GitOps with Flux", "^TestFlux$"),
		e2e("API servers take random applications", "^TestRandom$"),
		e2e("the schema's edges", "^TestEdges$"),
		e2e("HTTP through an ingress controller", "^TestHTTP$"),
		e2e("checks and shutdown by the kubelet", "^TestKubelet$"),
		{name: "network policies: meaning", pkg: "./test/network", run: ".", env: []string{"MERIDIAN_NETWORK=1"}},
		{name: "public checkers", pkg: "./test/checkers", run: ".", env: []string{"MERIDIAN_CHECKERS=1"}},
		{name: "hostile input", pkg: "./test/robustness", run: ".", env: []string{"MERIDIAN_ROBUSTNESS=1"}},
		{name: "publishing: a crowd", pkg: "./test/publishing", run: "^(TestContention|TestContendedClaim)$", args: []string{"-publishers=32", "-each=3"}},
		{name: "publishing: a server with faults", pkg: "./test/publishing", run: "^TestFaults$", args: []string{"-publishers=16", "-each=15"}},
		{name: "publishing: kills", pkg: "./test/publishing", run: "^TestKill$", env: []string{"MERIDIAN_KILL=1"}},
		{name: "publishing: 60,000 files", pkg: "./test/publishing", run: "^TestScale$", env: []string{"MERIDIAN_SCALE=1"}},
		{name: "publishing: model", pkg: "./test/publishing", run: "^TestModel$", env: []string{"MERIDIAN_MODEL=1"}},
		{name: "publishing: a forge", pkg: "./test/servers", run: ".", env: []string{"MERIDIAN_SERVERS=built"}},
		{name: "golden trees", pkg: "./golden", run: "^(TestCases|TestPlatforms|TestSyncKinds)$"},
		{name: "real applications", pkg: "./examples/online-boutique", run: "."},
	}
}
