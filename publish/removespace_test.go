package publish

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRemoveSpace(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
		r.commit(map[string]string{
			".meridian/claims/r2/http/later.mydomain.com.yaml": "apiVersion: meridian/v1\nkind: HostClaim\nhost: later.mydomain.com\nnamespace: myorg-data\n",
			"regions/r1/spaces/myorg-data/README.md":           "somebody else's\n",
		})
		remove := func(namespace string) []string {
			_, diags, err := RemoveSpace(context.Background(), r.options(), namespace)
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for _, d := range diags {
				text = append(text, d.String())
			}
			return text
		}
		if diff := cmp.Diff([]string{"error M8014: space myorg-web has applications: app1"}, remove("myorg-web")); diff != "" {
			t.Errorf("in use (-want +got):\n%s", diff)
		}
		if got := remove("myorg-data"); len(got) > 0 {
			t.Fatalf("removed: %v", got)
		}
		for path, content := range r.files() {
			if strings.Contains(path+content, "myorg-data") && !strings.HasSuffix(path, "README.md") {
				t.Errorf("%s is there:\n%s", path, content)
			}
		}
		if diff := cmp.Diff([]string{"error M8042: there is no space myorg-data"}, remove("myorg-data")); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
		r.fsck()
	})
}
