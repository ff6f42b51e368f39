package main

import (
	"fmt"
	"io"
	"strings"
)

// bootstrapCI prints the job that the GitOps repository itself needs where changes arrive as merged branches: these
// bring claims, each its own, and what is computed from all claims can only be right on the branch that is synced. The
// platform that it needs lies in the repository.
func (c *cli) bootstrapCI(s *session, name string) error {
	var text string
	switch strings.ToLower(name) {
	case "github":
		text = gitHubEdge
	case "gitlab":
		text = gitLabEdge
	default:
		return usageError{fmt.Errorf("there is no CI job for %q; want github or gitlab", name)}
	}
	branch := fmt.Sprintf("%q", s.compiler.Platform().Sync.Branch)
	_, err := io.WriteString(c.Stdout, strings.NewReplacer("${INSTALL}", install, "${BRANCH}", branch).Replace(text))
	return err
}

const gitHubEdge = `# Computes what the regions' proxies read, after a change of claims was merged.
name: meridian-edge
on:
  push:
    branches: [${BRANCH}]
    paths: [".meridian/claims/**"]
permissions:
  contents: write
concurrency: meridian-edge
jobs:
  edge:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4 # for the platform in .meridian/platform
      - uses: actions/setup-go@v5
        with:
          go-version: stable
          cache: false
      - run: ${INSTALL}
      - run: meridian publish --edge --platform .meridian/platform --to "$GITOPS" --branch "$GITHUB_REF_NAME"
        env:
          GITOPS: ${{ github.server_url }}/${{ github.repository }}.git
          MERIDIAN_TOKEN: ${{ github.token }} # must be allowed to push to this branch
`

const gitLabEdge = `# Computes what the regions' proxies read, after a change of claims was merged.
meridian:edge:
  image: golang:1
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == ${BRANCH}
      changes: [".meridian/claims/**/*"]
  resource_group: meridian-edge
  before_script:
    - ${INSTALL}
  script:
    # MERIDIAN_TOKEN is a masked, protected variable of the project: a token that may push to this branch.
    - meridian publish --edge --platform .meridian/platform --to "$CI_PROJECT_URL.git" --branch "$CI_COMMIT_BRANCH"
`
