package network

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestKernel holds that a kernel which enforces the policies answers as the model does, by real connections: the
// scenario's region with both families and NodeLocal DNSCache, and one where only pods answer DNS; a network namespace for
// every pod, one for the rest of the world, which has all addresses, and a router between them. Without rules everything
// connects; with the rules what the model says. The rules are made of the policies as the model reads them.
//
// Left out is what no router forwards, see [routable], and SCTP.
func TestKernel(t *testing.T) {
	slow(t)
	needsNamespaces(t)
	for _, w := range scenarioWorlds(t) {
		if w.region.ID == "aws-oregon" || w.region.ID == "aws-frankfurt" {
			t.Run(w.region.ID, func(t *testing.T) { askKernel(t, w) })
		}
	}
}

func askKernel(t *testing.T, w *world) {
	var questions []question
	for q := range w.questions() {
		if q.routable() {
			questions = append(questions, q)
		}
	}
	l := newLab(t, w, questions)
	for _, failed := range l.wrong(questions, func(question) bool { return true }) {
		t.Errorf("without rules: %s", failed)
	}
	if t.Failed() {
		return
	}
	l.router.do(t, w.nftables(), "nft", "-f", "-")
	var tally, dns tally
	for _, q := range questions {
		passes := w.model.allows(q, podAddresses)
		tally.count(passes)
		if q.port == 53 && w.isAny(w.region.Network.DNS.Pods, q.to, podAddresses) {
			dns.count(passes)
		}
	}
	for _, failed := range l.wrong(questions, func(q question) bool { return w.model.allows(q, podAddresses) }) {
		t.Error(failed)
	}
	tally.check(t, 200)
	if dns.yes == 0 {
		t.Error("nobody asks DNS")
	}
}

// needsNamespaces skips the test where network namespaces cannot be made; in CI it fails.
func needsNamespaces(t *testing.T) {
	t.Helper()
	missing := ""
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = program
		}
	}
	if os.Geteuid() != 0 {
		missing = "root"
	}
	switch {
	case missing == "":
	case os.Getenv("CI") != "":
		t.Fatalf("there is no %s", missing)
	default:
		t.Skipf("there is no %s: no connection is made", missing)
	}
}

// routable reports whether a router forwards such packets at all: not to or from loopback, link-local (IPv6), multicast,
// broadcast and unspecified addresses, "this network", nor between the families.
func (q question) routable() bool {
	for _, a := range []netip.Addr{q.from.address, q.to.address} {
		if a.IsLoopback() || a.IsMulticast() || a.IsUnspecified() || a.Is6() && a.IsLinkLocalUnicast() ||
			netip.MustParsePrefix("0.0.0.0/8").Contains(a) || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
			return false
		}
	}
	return q.protocol != "SCTP" && q.from.address.Is4() == q.to.address.Is4()
}

// lab is the network namespaces of a world.
type lab struct {
	t      *testing.T
	router namespace
	pods   map[*pod]namespace
	world  namespace
}

// The addresses of the router's own, which nobody asks for; it sends refusals from them.
const routerIPv4, routerIPv6 = "198.19.77.77", "fd77:77::77"

func newLab(t *testing.T, w *world, questions []question) *lab {
	t.Helper()
	l := &lab{t: t, pods: map[*pod]namespace{}}
	l.router = newNamespace(t, "router")
	l.router.ip(t, "addr add "+routerIPv4+"/32 dev lo", "addr add "+routerIPv6+"/128 dev lo nodad")
	l.router.set(t, "net/ipv4/ip_forward=1", "net/ipv6/conf/all/forwarding=1", "net/ipv4/icmp_ratelimit=0", "net/ipv6/icmp/ratelimit=0",
		"?net/ipv4/icmp_msgs_per_sec=1000000", "?net/ipv4/icmp_msgs_burst=1000000")
	l.world = l.join(0, "world", nil)
	l.world.set(t, "net/ipv4/ip_nonlocal_bind=1", "net/ipv6/ip_nonlocal_bind=1")
	lines := []string{"route add local 0.0.0.0/0 dev lo table local", "route add local ::/0 dev lo table local"}
	for i, p := range w.pods {
		l.pods[p] = l.join(i+1, p.String(), p.addresses)
		for _, a := range p.addresses { // behind the router, although every address is the world's own
			lines = append(lines, route(a.String(), "table local"))
		}
	}
	for _, a := range []string{routerIPv4, routerIPv6} {
		lines = append(lines, route(a, "table local"))
	}
	l.world.ip(t, lines...)
	l.listen(questions)
	return l
}

// gateway is the router's address on every link.
const gateway = "fe80::1"

func route(to, more string) string {
	return fmt.Sprintf("route add %s via inet6 %s dev eth0 onlink %s", to, gateway, more)
}

// join makes a namespace with a link to the router. Who has which address is written down on both sides, so that nobody
// need ask: with all addresses in one namespace nothing else would be sure.
func (l *lab) join(number int, name string, addresses []netip.Addr) namespace {
	l.t.Helper()
	n := newNamespace(l.t, fmt.Sprint(number))
	n.who = name
	link, own, routers := fmt.Sprintf("link%d", number), fmt.Sprintf("02:00:00:00:01:%02x", number), fmt.Sprintf("02:00:00:00:02:%02x", number)
	l.router.ip(l.t, fmt.Sprintf("link add %s address %s type veth peer name eth0 address %s netns %s", link, routers, own, n.name),
		"link set "+link+" up")
	n.ip(l.t, "link set eth0 up", "neigh replace "+gateway+" lladdr "+routers+" dev eth0 nud permanent")
	if addresses == nil {
		l.router.ip(l.t, "neigh replace fe80::2 lladdr "+own+" dev "+link+" nud permanent",
			"route add 0.0.0.0/0 via inet6 fe80::2 dev "+link+" onlink", "route add ::/0 via fe80::2 dev "+link+" onlink")
		return n
	}
	for _, a := range addresses {
		n.ip(l.t, fmt.Sprintf("addr add %s/%d dev eth0 nodad", a, a.BitLen()))
		l.router.ip(l.t, fmt.Sprintf("neigh replace %s lladdr %s dev %s nud permanent", a, own, link), fmt.Sprintf("route add %s/%d dev %s", a, a.BitLen(), link))
	}
	n.ip(l.t, route("0.0.0.0/0", ""), route("::/0", ""))
	return n
}

// listen opens every port that is asked for, where it is asked for.
func (l *lab) listen(questions []question) {
	l.t.Helper()
	type opened struct {
		name string
		port wanted
	}
	done := map[opened]bool{}
	for _, q := range questions {
		n := l.at(q.to)
		if key := (opened{n.name, wanted{q.port, q.protocol}}); !done[key] {
			done[key] = true
			if err := n.serve(l.t, wanted{q.port, q.protocol}); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}

func (l *lab) at(e end) namespace {
	if e.pod == nil {
		return l.world
	}
	return l.pods[e.pod]
}

// wrong opens all connections and tells those that do not go as they must, and those that nobody answers.
func (l *lab) wrong(questions []question, want func(question) bool) []string {
	bySource := map[string][]question{}
	for _, q := range questions {
		bySource[l.at(q.from).name] = append(bySource[l.at(q.from).name], q)
	}
	var list []string
	var lock sync.Mutex
	var group sync.WaitGroup
	for _, asked := range bySource {
		group.Go(func() {
			err := l.at(asked[0].from).inside(func() error {
				for _, q := range asked {
					if failed := l.try(q, want(q)); failed != "" {
						lock.Lock()
						list = append(list, failed)
						lock.Unlock()
					}
				}
				return nil
			})
			if err != nil {
				l.t.Error(err)
			}
		})
	}
	group.Wait()
	slices.Sort(list)
	return list
}

// try opens one connection and says what is wrong with what came of it.
func (l *lab) try(q question, want bool) string {
	who, err := connect(q)
	switch {
	case errors.Is(err, errRefused) && !want, err == nil && want && who == l.at(q.to).who:
		return ""
	case err == nil:
		return fmt.Sprintf("%s: %s answers; wanted is %v", q, who, want)
	}
	return fmt.Sprintf("%s: %v; wanted is %v", q, err, want)
}

// namespace is a network namespace.
type namespace struct{ name, who string }

func newNamespace(t *testing.T, suffix string) namespace {
	t.Helper()
	n := namespace{name: fmt.Sprintf("meridian-%d-%s", os.Getpid(), suffix)}
	command(t, "", "ip", "netns", "add", n.name)
	t.Cleanup(func() { command(t, "", "ip", "netns", "del", n.name) })
	n.ip(t, "link set lo up")
	n.set(t, "net/ipv4/conf/all/rp_filter=0", "net/ipv4/conf/default/rp_filter=0", "net/ipv6/conf/default/accept_dad=0", "net/ipv6/conf/default/accept_ra=0")
	return n
}

// ip runs ip's commands, one a line, inside.
func (n namespace) ip(t *testing.T, lines ...string) {
	t.Helper()
	command(t, strings.Join(lines, "\n")+"\n", "ip", "-n", n.name, "-batch", "-")
}

// do runs a program inside.
func (n namespace) do(t *testing.T, input, program string, args ...string) {
	t.Helper()
	command(t, input, "ip", append([]string{"netns", "exec", n.name, program}, args...)...)
}

// set writes settings of the kernel inside. One with a question mark is not in every kernel.
func (n namespace) set(t *testing.T, settings ...string) {
	t.Helper()
	err := n.inside(func() error {
		for _, setting := range settings {
			name, value, _ := strings.Cut(setting, "=")
			name, maybe := strings.CutPrefix(name, "?")
			err := os.WriteFile("/proc/sys/"+name, []byte(value), 0)
			if err != nil && !maybe {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, input, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s\n%s", program, strings.Join(args, " "), err, input, output)
	}
}
