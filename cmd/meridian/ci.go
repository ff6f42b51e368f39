package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// ciFiles returns the CI jobs that were asked for, at the root of the checkout.
func ciFiles(dir string, f initFlags) ([]newFile, error) {
	root := checkoutOf(dir)
	var files []newFile
	for _, name := range f.ci {
		switch strings.ToLower(name) {
		case "none":
		case "github":
			files = append(files, newFile{filepath.Join(root, ".github", "workflows", "meridian.yaml"), gitHubWorkflow(f.publishTo)})
		case "gitlab":
			path := filepath.Join(root, ".gitlab-ci.yml")
			if exists(path) { // it can be included from there
				path = filepath.Join(root, "meridian.gitlab-ci.yml")
			}
			files = append(files, newFile{path, gitLabPipeline(f.publishTo)})
		default:
			return nil, usageError{fmt.Errorf("there is no CI job for %q; want github or gitlab", name)}
		}
	}
	return files, nil
}

// install is how a CI job gets the program.
const install = "go install github.com/meridian-gitops/meridian/cmd/meridian@latest # pin a release here"

func gitHubWorkflow(publishTo string) string {
	text := `# Checks every pull request${PUBLISHES}.
name: meridian
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # diff compares with the target branch
      - uses: actions/setup-go@v5
        with:
          go-version: stable
          cache: false
      - run: ${INSTALL}
      # Mistakes become annotations at their lines.
      - run: meridian vet --diagnostics github ./...
      - run: meridian test --diagnostics github ./...
      # What the change does, in the job's summary. Exit code 1 says that something changes.
      - if: github.event_name == 'pull_request'
        env:
          BASE: origin/${{ github.base_ref }}
        run: meridian diff --revision "$BASE...HEAD" --format markdown ./... >> "$GITHUB_STEP_SUMMARY" || test $? -eq 1
`
	if publishTo != "" {
		text += `  publish:
    if: github.event_name == 'push'
    needs: check
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-go@v5
        with:
          go-version: stable
          cache: false
      - run: ${INSTALL}
      - run: meridian publish --to "$GITOPS" ./...
        env:
          GITOPS: ${URL}
          MERIDIAN_TOKEN: ${{ secrets.MERIDIAN_TOKEN }} # may write to that repository
`
	}
	return ciText(text, "; what is merged is published", publishTo)
}

func gitLabPipeline(publishTo string) string {
	text := `# Checks every merge request${PUBLISHES}.
.meridian:
  image: golang:1
  variables:
    GIT_DEPTH: 0 # diff compares with the target branch
  before_script:
    - ${INSTALL}

meridian:check:
  extends: .meridian
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - meridian vet ./...
    - meridian test --format junit ./... > meridian.xml
    # What the change does. Exit code 1 says that something changes.
    - if [ -n "$CI_MERGE_REQUEST_DIFF_BASE_SHA" ]; then meridian diff --revision "$CI_MERGE_REQUEST_DIFF_BASE_SHA" ./... || test $? -eq 1; fi
  artifacts:
    when: always
    reports:
      junit: meridian.xml
`
	if publishTo != "" {
		text += `
meridian:publish:
  extends: .meridian
  needs: ["meridian:check"]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  variables:
    GITOPS: ${URL}
  script:
    # MERIDIAN_TOKEN is a masked variable of the project: a token that may write to that repository.
    - meridian publish --to "$GITOPS" ./...
`
	}
	return ciText(text, "; what is merged is published", publishTo)
}

func ciText(text, publishes, publishTo string) string {
	if publishTo == "" {
		publishes = ""
	}
	return strings.NewReplacer("${PUBLISHES}", publishes, "${INSTALL}", install, "${URL}", fmt.Sprintf("%q", publishTo)).Replace(text)
}
