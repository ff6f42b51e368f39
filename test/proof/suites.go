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
		{"golden trees", "./golden", "^(TestCases|TestPlatforms|TestSyncKinds)$", nil},
		{"real applications", "./examples/online-boutique", ".", nil},
	}
}
