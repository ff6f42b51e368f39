package main

import "testing"

const ciCommit = "0123456789abcdef0123456789abcdef01234567"

// TestCISource holds what each CI system's own variables are read for.
func TestCISource(t *testing.T) {
	tests := []struct {
		name               string
		variables          map[string]string
		repository, commit string
	}{
		{"none", nil, "", ""},
		{"GitHub", map[string]string{"GITHUB_REPOSITORY": "org/app", "GITHUB_SHA": ciCommit}, "https://github.com/org/app", ciCommit},
		{"GitHub Enterprise", map[string]string{"GITHUB_REPOSITORY": "org/app", "GITHUB_SERVER_URL": "https://git.mydomain.com", "GITHUB_SHA": ciCommit}, "https://git.mydomain.com/org/app", ciCommit},
		{"GitLab", map[string]string{"CI_PROJECT_URL": "https://gitlab.com/org/app", "CI_COMMIT_SHA": ciCommit}, "https://gitlab.com/org/app", ciCommit},
		{"Jenkins", map[string]string{"JENKINS_URL": "https://ci.mydomain.com", "GIT_URL": "https://git.mydomain.com/app.git", "GIT_COMMIT": ciCommit}, "https://git.mydomain.com/app.git", ciCommit},
		{"its variables elsewhere", map[string]string{"GIT_URL": "https://git.mydomain.com/app.git", "GIT_COMMIT": ciCommit}, "", ""},
		{"Azure Pipelines", map[string]string{"TF_BUILD": "True", "BUILD_REPOSITORY_URI": "https://dev.azure.com/org/_git/app", "BUILD_SOURCEVERSION": ciCommit}, "https://dev.azure.com/org/_git/app", ciCommit},
		{"Bitbucket", map[string]string{"BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.org/org/app", "BITBUCKET_COMMIT": ciCommit}, "https://bitbucket.org/org/app", ciCommit},
		{"CircleCI", map[string]string{"CIRCLE_REPOSITORY_URL": "git@github.com:org/app.git", "CIRCLE_SHA1": ciCommit}, "git@github.com:org/app.git", ciCommit},
		{"Buildkite", map[string]string{"BUILDKITE_REPO": "git@github.com:org/app.git", "BUILDKITE_COMMIT": ciCommit}, "git@github.com:org/app.git", ciCommit},
		{"Buildkite before it knows", map[string]string{"BUILDKITE_REPO": "git@github.com:org/app.git", "BUILDKITE_COMMIT": "HEAD"}, "git@github.com:org/app.git", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &cli{World: World{Getenv: func(name string) string { return test.variables[name] }}}
			repository, commit := c.ciSource()
			if repository != test.repository || commit != test.commit {
				t.Errorf("got %q, %q; want %q, %q", repository, commit, test.repository, test.commit)
			}
		})
	}
}

// TestCIPerson holds who is told to have started a job.
func TestCIPerson(t *testing.T) {
	tests := []struct {
		name      string
		variables map[string]string
		want      person
	}{
		{"none", nil, person{}},
		{"GitHub", map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada", "GITHUB_ACTOR_ID": "7"}, person{"ada", "7+ada@users.noreply.github.com"}},
		{"without a number", map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "dependabot[bot]"}, person{"dependabot[bot]", "dependabot[bot]@users.noreply.github.com"}},
		{"GitHub Enterprise", map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada", "GITHUB_ACTOR_ID": "7", "GITHUB_SERVER_URL": "https://git.mydomain.com"}, person{"ada", "7+ada@users.noreply.git.mydomain.com"}},
		{"GitLab", map[string]string{"GITLAB_CI": "true", "GITLAB_USER_NAME": "Ada", "GITLAB_USER_EMAIL": "ada@mydomain.com"}, person{"Ada", "ada@mydomain.com"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &cli{World: World{Getenv: func(name string) string { return test.variables[name] }}}
			if got := c.ciPerson(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
