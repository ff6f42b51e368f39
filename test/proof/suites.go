package main

// suites are all of them, in the order of docs/proof.md.
func suites(minors string) []suite {
	e2e := func(name, run string) suite {
		return suite{name, "./test/e2e", run, []string{"MERIDIAN_E2E=" + minors}}
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
		{"network policies: meaning", "./test/network", ".", []string{"MERIDIAN_NETWORK=1"}},
		{"public checkers", "./test/checkers", ".", []string{"MERIDIAN_CHECKERS=1"}},
		{"hostile input", "./test/robustness", ".", []string{"MERIDIAN_ROBUSTNESS=1"}},
		{"publishing: kills", "./test/publishing", "^TestKill$", []string{"MERIDIAN_KILL=1"}},
		{"publishing: 60,000 files", "./test/publishing", "^TestScale$", []string{"MERIDIAN_SCALE=1"}},
		{"publishing: model", "./test/publishing", "^TestModel$", []string{"MERIDIAN_MODEL=1"}},
		{"golden trees", "./golden", "^(TestCases|TestPlatforms|TestSyncKinds)$", nil},
		{"real applications", "./examples/online-boutique", ".", nil},
	}
}
