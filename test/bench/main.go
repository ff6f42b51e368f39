// Command bench measures Meridian as whole processes: wall time, processor time, peak memory.
//
//	go run ./test/bench [-runs N] [-full | -publish [-strict]] [-apps N,N] BINARY
//
// The workload is "shop-api": an application with three replicas at least, resources, variables, both checks, a
// hook, a grace period, a pull secret, an HTTPS host with an allow-list, a back end, a disruption budget and an
// autoscaler; six regions that differ in registry, host and number of pods. -full adds ten thousand applications
// written out, and one application published into the repository of sixty thousand files that they make. -publish
// measures publishing over https instead, into repositories of sixty and of five hundred thousand files; with -strict it
// fails when that takes more time or memory than it may.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	runs := flag.Int("runs", 15, "counted runs of the short measurements")
	full := flag.Bool("full", false, "measure the large workloads as well")
	publish := flag.Bool("publish", false, "measure publishing over https into large repositories")
	apps := flag.String("apps", "1200,10000", "how many applications those have")
	strict := flag.Bool("strict", false, "fail when publishing takes more than it may")
	flag.Parse()
	sizes, err := numbers(*apps)
	if flag.NArg() != 1 || err != nil {
		flag.Usage()
		os.Exit(2)
	}
	if !*publish {
		sizes = nil
	}
	if err := run(flag.Arg(0), *runs, *full, *strict, sizes); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// numbers reads numbers between commas.
func numbers(text string) ([]int, error) {
	var list []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func run(binary string, runs int, full, strict bool, fleets []int) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "meridian-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{binary: binary, dir: dir, strict: strict, out: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	if len(fleets) > 0 {
		fmt.Printf("%s, %d cores; medians\n\n", runtime.Version(), runtime.NumCPU())
		err := b.benchPublish(runs, fleets)
		return errors.Join(b.out.Flush(), err)
	}
	if err := writePlatform(dir); err != nil {
		return err
	}
	if err := writeApps(dir, "one", 1); err != nil {
		return err
	}
	if err := writeApps(dir, "many", 200); err != nil {
		return err
	}
	fmt.Printf("%s, %d cores; medians\n\n", runtime.Version(), runtime.NumCPU())
	fmt.Fprintln(b.out, "work\truns\twall ms\tcpu ms\tpeak MiB\t")
	steps := []step{
		{"start alone (version)", runs, []string{"version"}},
		{"cold vet of one file", runs, []string{"vet", "one"}},
		{"1 app x 6 regions, printed", runs, []string{"build", "one"}},
		{"one file formatted", runs, []string{"fmt", "one"}},
		{"one file tested", runs, []string{"test", "one"}},
		{"200 apps x 6 regions, checked", max(3, runs/3), []string{"vet", "many/..."}},
		{"200 apps x 6 regions, printed", max(3, runs/3), []string{"build", "many/..."}},
		{"200 apps x 6 regions, tested", max(3, runs/3), []string{"test", "many/..."}},
		{"200 apps x 6 regions, no difference", max(3, runs/3), []string{"diff", "--against", "before", "many/..."}},
	}
	for _, args := range [][]string{{"test", "--update", "one"}, {"test", "--update", "many/..."}, {"build", "-o", "before", "many/..."}} {
		if _, err := b.once(step{"golden files and a folder to compare with", 1, args}, 0); err != nil {
			return err
		}
	}
	if full {
		if err := writeApps(dir, "huge", 10000); err != nil {
			return err
		}
		steps = append(steps,
			step{"10,000 apps x 6 regions, written", 1, []string{"build", "-o", "out", "huge/..."}},
			step{"spaces published", 1, []string{"publish", "--to", "gitops.git", "--spaces"}},
			step{"1,250 apps published in one commit", 1, []string{"publish", "--to", "gitops.git", "many1250/..."}},
			step{"one app published into it", runs, []string{"publish", "--to", "gitops.git", "one"}},
		)
		if err := writeApps(dir, "many1250", 1250); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if err := b.measure(s); err != nil {
			return err
		}
	}
	return b.out.Flush()
}

type bench struct {
	binary, dir string
	strict      bool // hold what has limits to them
	out         *tabwriter.Writer
}

type step struct {
	name string
	runs int
	args []string
}

type sample struct {
	wall, cpu time.Duration
	peak      int64 // KiB
}

// measure runs a step once unseen where it is repeated, then counts.
func (b *bench) measure(s step) error {
	var samples []sample
	for i := range s.runs {
		if i == 0 && s.runs > 1 {
			if _, err := b.once(s, 0); err != nil {
				return err
			}
		}
		one, err := b.once(s, i+1)
		if err != nil {
			return err
		}
		samples = append(samples, one)
	}
	b.print(s.name, samples)
	return nil
}

// median is made of the medians of each measure.
func median(samples []sample) sample {
	of := func(value func(sample) int64) int64 {
		values := make([]int64, len(samples))
		for i, one := range samples {
			values[i] = value(one)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return sample{
		wall: time.Duration(of(func(x sample) int64 { return int64(x.wall) })),
		cpu:  time.Duration(of(func(x sample) int64 { return int64(x.cpu) })),
		peak: of(func(x sample) int64 { return x.peak }),
	}
}

// print prints the medians of a step.
func (b *bench) print(name string, samples []sample) {
	m := median(samples)
	fmt.Fprintf(b.out, "%s\t%d\t%.1f\t%.1f\t%.0f\t\n", name, len(samples), m.wall.Seconds()*1000, m.cpu.Seconds()*1000, float64(m.peak)/1024)
}

func (b *bench) once(s step, n int) (sample, error) {
	if strings.HasPrefix(s.name, "one app published") { // something must have changed
		if err := os.WriteFile(filepath.Join(b.dir, "one", "shop-api-0", "app.cue"), []byte(app(0, fmt.Sprintf("2.%d", n))), 0o644); err != nil {
			return sample{}, err
		}
	}
	args := append([]string{"--platform", "platform"}, s.args...)
	if s.args[0] == "vet" && s.args[1] == "one" || s.args[0] == "build" && s.args[1] == "one" || s.args[len(s.args)-1] == "one" {
		args[len(args)-1] = "one/shop-api-0"
	}
	cmd := exec.Command(b.binary, args...)
	cmd.Dir = b.dir
	cmd.Stderr = os.Stderr
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", s.name, err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return sample{wall, cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime(), usage.Maxrss}, nil
}

func writePlatform(dir string) error {
	text := `package platform

org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {}
spaces: web: {
	developers: ["team-web"]
	auditors: ["audit"]
	backends: mysql: {
		ports: [3306]
		regions: {
			for id in ["ksc-beijing6", "aws-beijing", "aws-oregon", "aws-frankfurt", "aws-singapore", "ksc-russia"] {
				(id): cidrs: ["192.0.2.0/27"]
			}
		}
	}
}
regions: "ksc-russia": open: true
`
	if err := os.MkdirAll(filepath.Join(dir, "platform"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "platform", "platform.cue"), []byte(text), 0o644)
}

func writeApps(dir, folder string, n int) error {
	for i := range n {
		path := filepath.Join(dir, folder, fmt.Sprintf("shop-api-%d", i))
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(path, "app.cue"), []byte(app(i, "1.0")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func app(i int, tag string) string {
	return fmt.Sprintf(`package app

name:  "shop-api-%[1]d"
space: "web"
owner: "team-web@mydomain.com"

image: {name: "shop-api", tag: %[2]q}
user: 10001

resources: {
	requests: {cpu: "250m", memory: "256Mi"}
	limits: memory: "512Mi"
}
autoscale: {min: 3, max: 12, cpu: 70}
disruptionBudget: minAvailable: 2

env: {
	LOG_LEVEL: "info"
	SHARD:     "%[1]d"
	DB_PASSWORD: secret: {name: "shop-api-db", key: "password"}
}

ports: {
	web:   8080
	admin: 9090
}

http: public: {
	host: "shop-api-%[1]d.mydomain.com"
	port: "web"
	tls: secret: "shop-api-%[1]d-tls"
	redirectToHTTPS: true
	allowFrom: ["111.111.111.0/24", "222.222.222.222/32"]
}

health: {
	readiness: {
		http: {path: "/ready", port: "web"}
		periodSeconds: 5
	}
	liveness: tcp: port: "web"
}

shutdown: {
	preStop: http: {path: "/drain", port: "admin"}
	gracePeriodSeconds: 45
}

backends: ["mysql"]

regions: {
	"aws-oregon": {
		autoscale: {min: 6, max: 24}
		http: public: host: "shop-api-%[1]d-us.mydomain.com"
	}
	"aws-frankfurt": http: public: host: "shop-api-%[1]d-eu.mydomain.com"
	"aws-singapore": autoscale: max: 6
}
`, i, tag)
}
