package main

import (
	"fmt"
	"io"
	"strings"
)

// bootstrapCI prints the job that the GitOps repository itself needs where changes arrive as merged branches: these
// bring claims, each its own, or a platform with other regions, and what is computed from all claims can only be right on
// the branch that is synced. The platform that it needs lies in the repository; the key to sign with, where the platform
// names signers, does not.
func (c *cli) bootstrapCI(s *session, name string) error {
	var text string
	var signing []string // what goes in where commits must be signed
	switch strings.ToLower(name) {
	case "github":
		text, signing = gitHubEdge, gitHubSigning
	case "gitlab":
		text, signing = gitLabEdge, gitLabSigning
	default:
		return usageError{fmt.Errorf("there is no CI job for %q; want github or gitlab", name)}
	}
	platform := s.compiler.Platform()
	var signers []string
	for _, signer := range platform.Signers {
		signers = append(signers, signer.Name)
	}
	for i, lines := range signing {
		if len(signers) == 0 {
			lines = ""
		}
		text = strings.Replace(text, fmt.Sprintf("${SIGNING%d}", i), lines, 1)
	}
	branch := fmt.Sprintf("%q", platform.Sync.Branch)
	_, err := io.WriteString(c.Stdout, strings.NewReplacer("${INSTALL}", install, "${BRANCH}", branch, "${SIGNERS}", strings.Join(signers, ", ")).Replace(text))
	return err
}

const gitHubEdge = `# Computes what the regions' proxies read, after a change of claims or of the platform was merged.
name: meridian-edge
on:
  push:
    branches: [${BRANCH}]
    paths: [".meridian/claims/**", ".meridian/platform.yaml"]
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
${SIGNING0}      - run: meridian publish --edge --platform .meridian/platform --to "$GITOPS" --branch "$GITHUB_REF_NAME"
        env:
          GITOPS: ${{ github.server_url }}/${{ github.repository }}.git
          MERIDIAN_TOKEN: ${{ github.token }} # must be allowed to push to this branch
${SIGNING1}`

// Keys are taken from files that nobody else can read.
var gitHubSigning = []string{`      - run: (umask 077 && printf '%s\n' "$KEY" > "$MERIDIAN_SIGN_KEY")
        env:
          KEY: ${{ secrets.MERIDIAN_SIGN_KEY }} # the private key of a signer of the platform: ${SIGNERS}
          MERIDIAN_SIGN_KEY: ${{ runner.temp }}/sign-key
`, `          MERIDIAN_SIGN_KEY: ${{ runner.temp }}/sign-key
`}

const gitLabEdge = `# Computes what the regions' proxies read, after a change of claims or of the platform was merged.
meridian:edge:
  image: golang:1
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == ${BRANCH}
      changes: [".meridian/claims/**/*", ".meridian/platform.yaml"]
  resource_group: meridian-edge
  before_script:
    - ${INSTALL}
  script:
    # MERIDIAN_TOKEN is a masked, protected variable of the project: a token that may push to this branch.
${SIGNING0}    - meridian publish --edge --platform .meridian/platform --to "$CI_PROJECT_URL.git" --branch "$CI_COMMIT_BRANCH"
`

var gitLabSigning = []string{`    # SIGN_KEY is a protected variable of type File: the private key of a signer of the platform: ${SIGNERS}.
    - export MERIDIAN_SIGN_KEY="$(mktemp)" && cat "$SIGN_KEY" > "$MERIDIAN_SIGN_KEY"
`}
