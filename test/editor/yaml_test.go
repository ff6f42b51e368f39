package editor

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodPlatform = `# yaml-language-server: $schema=platform.schema.json
org: myorg
projects: [myorg]
domains:
  mydomain.com:
    spaces: [web]
spaces:
  web:
    developers: [team-web, {user: li.wei}]
    backends:
      mysql:
        ports: [3306, {port: 33060, protocol: TCP}]
        regions:
          aws-oregon:
            cidrs: [198.51.100.0/27]
regions:
  aws-oregon:
    network:
      pods: [10.64.0.0/14]
  ksc-beijing6: null
sync:
  engine: flux
defaults:
  user: 2000
`

const badPlatform = `# yaml-language-server: $schema=platform.schema.json
org: myorg
projects: [myorg]
spaces:
  web:
    develoers: [team-web]
    backends:
      mysql:
        ports: [330600]
        regions:
          aws-oregon:
            cidrs: [198.51.100.0/33]
regions:
  aws-oregon:
    network:
      podz: [10.64.0.0/14]
  lab-berlin:
    cloud: bare metal
sync:
  engine: fluxx
defaults:
  replicas: 3
  autoscale: {min: 3, max: 4}
  spread: {zones: Nowhere}
`

// TestYAML holds that a platform's data in YAML is checked in an editor, and its mistakes are marked at their line (S5).
func TestYAML(t *testing.T) {
	command := installedYAML(t)
	dir := t.TempDir()
	text := meridian(t, dir, "schema", "export", "--format", "json-schema", "--definition", "Platform")
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	write(t, dir, map[string]string{"platform.schema.json": text, "good.yaml": goodPlatform, "bad.yaml": badPlatform})
	s := start(t, dir, command...)
	s.show(good, "yaml", goodPlatform)
	if said := s.marked(good); len(said) > 0 {
		t.Errorf("a platform that is right is marked: %q", said)
	}
	s.show(bad, "yaml", badPlatform)
	want := []string{
		"6: Property develoers is not allowed.",
		"9: Value is above the maximum of 65535.",
		"12: want an address range in CIDR form, such as 111.111.111.0/24",
		"16: Property podz is not allowed.",
		`17: Missing property "dns".`,
		`17: Missing property "edge".`,
		`17: Missing property "kubernetes".`,
		`17: Missing property "network".`,
		`17: Missing property "peering".`,
		`17: Missing property "registry".`,
		`17: Missing property "sourceCIDRs".`,
		`20: Value is not accepted. Valid values: "flux", "argocd".`,
		"23: replicas and autoscale exclude each other",
		`24: Value is not accepted. Valid values: "ScheduleAnyway", "DoNotSchedule", "None".`,
	}
	if diff := cmp.Diff(want, s.marked(bad)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Run("completion", func(t *testing.T) {
		var list struct{ Items []struct{ Label string } }
		s.show(good, "yaml", goodPlatform+"  \n")
		s.at("completion", good, place{23, 2}, &list)
		var labels []string
		for _, item := range list.Items {
			labels = append(labels, item.Label)
		}
		wantLabels(t, labels, []string{"replicas", "env"}, []string{"name", "regions"})
	})
}
