package publishing

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
)

var scaleFiles = flag.Int("scale.files", 60000, "how many files the repository of TestScale has")

// What a publisher may use, however large the repository is: memory in MiB, and requests to the server.
const (
	mostMemory   = 300
	mostRequests = 30
)

// TestScale publishes to a repository of many files: one application, a batch, a new one, and removes one. What
// changes is what was to change; what it costs in memory and bytes does not follow what the repository holds. Times are
// printed, not judged.
func TestScale(t *testing.T) {
	if os.Getenv("MERIDIAN_SCALE") == "" {
		t.Skip("set MERIDIAN_SCALE=1 to publish to a large repository")
	}
	f := newFleet(t, *scaleFiles)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "repository\twork\twall ms\tcpu ms\tpeak MiB\trequests\treceived KiB\tpaths\t")
	received := map[string]int64{}
	for _, kind := range []string{"local", "https", "https-filter"} {
		t.Run(kind, func(t *testing.T) {
			s := newScale(t, f, kind, table)
			s.all()
			received[kind] = s.first
		})
	}
	_ = table.Flush()
	t.Logf("%d applications\n%s", f.apps, text.String())
	if whole, filtered := received["https"], received["https-filter"]; filtered == 0 || filtered > whole/2 {
		t.Errorf("a server that can leave blobs out sent %d bytes, one that cannot %d", filtered, whole)
	}
}

// scale is a fleet on one kind of server.
type scale struct {
	t     *testing.T
	kind  string
	fleet *fleet
	w     Workspace
	s     *Server
	r     *Repo
	table *tabwriter.Writer
	bytes atomic.Int64 // that the server has sent
	asked atomic.Int64 // how often the server was asked
	first int64        // bytes of the first publication
}

func newScale(t *testing.T, f *fleet, kind string, table *tabwriter.Writer) *scale {
	s := &scale{t: t, kind: kind, fleet: f, w: *f.w, s: NewServer(t), table: table}
	s.w.t, s.w.Cache = t, t.TempDir()
	s.s.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s.asked.Add(1)
		next.ServeHTTP(&counted{w, &s.bytes}, r)
	})
	s.r = s.s.NewRepo("fleet.git", kind == "https-filter")
	run(t, s.r.Dir, "git", "clone", "--quiet", "--bare", f.dir, filepath.Join(s.r.Dir, "clone"))
	for _, name := range []string{"objects", "refs", "packed-refs"} {
		if err := os.RemoveAll(filepath.Join(s.r.Dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(s.r.Dir, "clone", name), filepath.Join(s.r.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.r.Dir, "clone")); err != nil {
		t.Fatal(err)
	}
	return s
}

// counted counts what a server sends.
type counted struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *counted) Write(p []byte) (int, error) {
	w.n.Add(int64(len(p)))
	return w.ResponseWriter.Write(p)
}

// all does all the work there is.
func (s *scale) all() {
	s.work("one application", s.update(7, "1.1"), "publish", fleetName(7))
	s.first = s.bytes.Load()
	s.work("the same, warm", s.update(7, "1.2"), "publish", fleetName(7))
	s.work("nothing new", nil, "publish", fleetName(7))
	var folders, paths []string
	for n := 20; n < 120; n++ {
		folders = append(folders, fleetName(n))
		paths = append(paths, s.update(n, "1.1")...)
	}
	s.work("100 applications", paths, append([]string{"publish"}, folders...)...)
	s.work("a new one", s.wholly(s.fleet.apps, "A"), "publish", s.fleet.write(s.fleet.apps, "1.0"))
	s.work("remove one", s.wholly(9, "D"), "remove", fleetSpace(9)+"/"+fleetName(9))
	for _, n := range []int{7, 50, s.fleet.apps} {
		if out, err := s.command("verify", fleetSpace(n)+"/"+fleetName(n)).CombinedOutput(); err != nil {
			s.t.Errorf("verify: %v\n%s", err, out)
		}
	}
	s.r.Check()
}

// update writes a new version of an application and returns what that changes in the repository.
func (s *scale) update(n int, tag string) []string {
	s.fleet.write(n, tag)
	record := ".meridian/apps/myorg-" + fleetSpace(n) + "/" + fleetName(n)
	paths := []string{"M " + record + "/owner.yaml", "M " + record + "/inputs/app.cue"}
	for _, region := range fleetRegions {
		paths = append(paths, "M "+manifests(region, n)+"deployment.yaml")
	}
	return paths
}

func manifests(region string, n int) string {
	return "regions/" + region + "/spaces/myorg-" + fleetSpace(n) + "/apps/" + fleetName(n) + "/"
}

// wholly is what a new application adds, or a removed one takes away.
func (s *scale) wholly(n int, op string) []string {
	record := ".meridian/apps/myorg-" + fleetSpace(n) + "/" + fleetName(n)
	paths := []string{op + " " + record + "/owner.yaml", op + " " + record + "/inputs/app.cue"}
	for _, region := range fleetRegions {
		paths = append(paths, "M regions/"+region+"/edge/tcp-services.yaml",
			op+" .meridian/claims/"+region+"/http/"+fleetName(n)+".mydomain.com.yaml",
			fmt.Sprintf("%s .meridian/claims/%s/tcp/%d.yaml", op, region, 20000+n))
		for _, name := range []string{"deployment", "ingress-public", "networkpolicy", "poddisruptionbudget", "service", "serviceaccount"} {
			paths = append(paths, op+" "+manifests(region, n)+name+".yaml")
		}
	}
	return paths
}

// command is meridian on the repository.
func (s *scale) command(args ...string) *exec.Cmd {
	if s.kind == "local" {
		return s.w.Local(s.t.Context(), s.r, args[0], args[1:]...)
	}
	return s.w.Command(s.t.Context(), s.s, s.r, args[0], args[1:]...)
}

// work runs meridian and compares what it changed, with status letters as git diff-tree has them.
func (s *scale) work(name string, want []string, args ...string) {
	s.t.Helper()
	before, sent, asked := s.r.Head(), s.bytes.Load(), s.asked.Load()
	cmd := s.command(args...)
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	got := strings.Split(strings.ReplaceAll(strings.TrimSpace(s.r.Git("diff-tree", "-r", "--name-status", before, "main")), "\t", " "), "\n")
	if got[0] == "" {
		got = nil
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s changes (-want +got):\n%s", name, diff)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	peak := usage.Maxrss / 1024
	if peak > mostMemory {
		s.t.Errorf("%s: %d MiB, more than %d", name, peak, mostMemory)
	}
	requests := s.asked.Load() - asked
	if requests > mostRequests {
		s.t.Errorf("%s: %d requests, more than %d", name, requests, mostRequests)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	fmt.Fprintf(s.table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.kind, name, took.Milliseconds(), cpu.Milliseconds(), peak, requests, (s.bytes.Load()-sent)/1024, len(got))
}
