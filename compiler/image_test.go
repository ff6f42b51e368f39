package compiler

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
)

// TestImageRegistry holds that the image comes from the region's own registry; Frankfurt and Singapore use Oregon's
// (S1).
func TestImageRegistry(t *testing.T) {
	result, list := newCompiler(t).compile(t, `name: "app1", space: "web", owner: "o", image: {name: "app1", tag: "1.0"}`)
	if len(list) > 0 {
		t.Fatal(list)
	}
	got := map[string]string{}
	for _, output := range result.Outputs {
		got[output.Region] = container(output).Image
	}
	want := map[string]string{
		"aws-beijing":   "cnbj-repo.cloud.mi.com/myorg/app1:1.0",
		"aws-frankfurt": "us-repo.cloud.mi.com/myorg/app1:1.0",
		"aws-oregon":    "us-repo.cloud.mi.com/myorg/app1:1.0",
		"aws-singapore": "us-repo.cloud.mi.com/myorg/app1:1.0",
		"ksc-beijing6":  "cnbj6-repo.cloud.mi.com/myorg/app1:1.0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// image is an application with an image of its own.
func image(text string) string {
	return `name: "app1", space: "web", owner: "o", only: ["aws-oregon"]` + "\nimage: " + text + "\n"
}

// TestImage holds the forms of a reference (S1) and the credential that pulls it (S6, S8).
func TestImage(t *testing.T) {
	tests := []struct{ name, image, want, secret string }{
		{"tag", `{name: "app1", tag: "1.0"}`, "us-repo.cloud.mi.com/myorg/app1:1.0", "registry"},
		{"folders", `{name: "shop/app1", tag: "1.0"}`, "us-repo.cloud.mi.com/myorg/shop/app1:1.0", "registry"},
		{"digest", `{name: "app1", digest: "` + digest + `"}`, "us-repo.cloud.mi.com/myorg/app1@" + digest, "registry"},
		{"another project", `{name: "app1", tag: "1.0", project: "second"}`, "us-repo.cloud.mi.com/second/app1:1.0", "registry"},
		{"foreign registry, short", `"docker.io/library/nginx:1.29.3"`, "docker.io/library/nginx:1.29.3", "registry"},
		{"foreign registry, digest", `"docker.io/library/nginx@` + digest + `"`, "docker.io/library/nginx@" + digest, "registry"},
		{"foreign registry and credential", `{reference: "ghcr.io/o/a:1", pullSecret: "ghcr"}`, "ghcr.io/o/a:1", "ghcr"},
	}
	c := newCompiler(t, platformText)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := object[*appsv1.Deployment](c.only(t, image(test.image))).Spec.Template.Spec
			if got := pod.Containers[0].Image; got != test.want {
				t.Errorf("image %s, want %s", got, test.want)
			}
			if len(pod.ImagePullSecrets) != 1 || pod.ImagePullSecrets[0].Name != test.secret {
				t.Errorf("pull secrets %v, want %s", pod.ImagePullSecrets, test.secret)
			}
		})
	}
}

// TestImageMistakes holds that an image has a version of its own and a project that exists (S1).
func TestImageMistakes(t *testing.T) {
	tests := []struct{ name, image, want string }{
		{"no version", `{name: "app1"}`, "M4002 2:1"},
		{"latest", `{name: "app1", tag: "latest"}`, "M4003 2:28"},
		{"unknown project", `{name: "app1", tag: "1", project: "third"}`, "M4001 2:42"},
		{"reference without a version", `"docker.io/library/nginx"`, "M4002 2:8"},
		{"reference to latest", `"docker.io/library/nginx:latest"`, "M4003 2:8"},
		{"a registry's port is no tag", `"r.io:5000/a"`, "M4002 2:8"},
	}
	c := newCompiler(t, platformText)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, list := c.compile(t, image(test.image))
			if got := strings.Join(brief(list), "; "); got != test.want {
				t.Errorf("got %s, want %s\n%s", got, test.want, messages(list))
			}
		})
	}
}
