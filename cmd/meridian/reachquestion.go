package main

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/reach"
)

// question is what `reach` is asked of every application.
type question struct {
	inbound  bool // the other end opens the connection
	other    otherEnd
	port     *intstr.IntOrString // nil means every port that the called application declares
	protocol corev1.Protocol     // empty means that of the port's name, else TCP
}

// otherEnd is what the applications are asked about: addresses, an application, or a keyword.
type otherEnd struct {
	text      string       // as given, without its port
	addresses netip.Prefix // valid for addresses
	space     string       // of an application; empty means the asked one's own
	app       string       // empty for addresses and keywords
	keyword   string       // edge or monitoring
}

const (
	keywordEdge       = "edge"
	keywordMonitoring = "monitoring"
)

// parse reads the flags.
func (o *reachOptions) parse() (question, error) {
	q := question{inbound: o.from != ""}
	switch {
	case (o.to == "") == (o.from == ""):
		return q, errors.New("reach wants one of --to and --from; see meridian reach --help")
	case !slices.Contains([]string{"text", "json"}, o.format):
		return q, fmt.Errorf("unknown format %q; want text or json", o.format)
	}
	end, port := o.from, ""
	if !q.inbound {
		end, port = splitPort(o.to)
	}
	if port != "" && o.port != "" {
		return q, fmt.Errorf("--to %s has a port, and --port another", o.to)
	}
	if err := q.readPort(port+o.port, o.protocol); err != nil {
		return q, err
	}
	if err := q.other.read(end); err != nil {
		return q, err
	}
	return q, q.check()
}

// check refuses what makes no sense together.
func (q question) check() error {
	switch {
	case q.inbound:
		return nil
	case q.other.keyword != "":
		return fmt.Errorf("%s is for --from; --to wants an address or an application", q.other.keyword)
	case q.other.app != "":
		return nil
	case q.port == nil:
		return fmt.Errorf("--to %s wants a port: %s", q.other.text, withPort(q.other.text, "443"))
	case q.port.Type == intstr.String:
		return fmt.Errorf("the port of an address is a number, not %q", q.port.StrVal)
	}
	return nil
}

// splitPort cuts the port from what --to is given. An IPv6 address has a port only with brackets around it.
func splitPort(text string) (end, port string) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, ""
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return text, ""
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if end, port, ok = strings.Cut(inner, "]:"); ok {
			return end, port
		}
		return strings.TrimSuffix(inner, "]"), ""
	}
	i := strings.LastIndex(text, ":")
	if i < 0 {
		return text, ""
	}
	return text[:i], text[i+1:]
}

// withPort puts a port behind an end, with brackets around an IPv6 address.
func withPort(end, port string) string {
	if strings.Contains(end, ":") {
		return "[" + end + "]:" + port
	}
	return end + ":" + port
}

func (q *question) readPort(text, protocol string) error {
	text, suffix, _ := strings.Cut(text, "/")
	for _, word := range []string{suffix, protocol} {
		p := corev1.Protocol(strings.ToUpper(word))
		switch {
		case word == "":
			continue
		case !slices.Contains([]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, p):
			return fmt.Errorf("unknown protocol %q; want tcp, udp or sctp", word)
		case q.protocol != "" && q.protocol != p:
			return fmt.Errorf("the port says %s, and --protocol %s", strings.ToLower(string(q.protocol)), word)
		}
		q.protocol = p
	}
	if text == "" {
		return nil
	}
	port := intstr.Parse(text)
	if number, err := strconv.Atoi(text); err == nil && (number < 1 || number > 65535) {
		return fmt.Errorf("port %s is not within 1 to 65535", text)
	}
	if port.Type == intstr.String && !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,14})$`).MatchString(text) {
		return fmt.Errorf("%q is neither a port's number nor its name", text)
	}
	q.port = &port
	return nil
}

func (e *otherEnd) read(text string) error {
	e.text = text
	if text == keywordEdge || text == keywordMonitoring {
		e.keyword = text
		return nil
	}
	if known, err := e.readAddresses(strings.Trim(text, "[]")); known || err != nil {
		return err
	}
	name := regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	space, app, both := strings.Cut(text, "/")
	if !both {
		space, app = "", text
	}
	switch {
	case name.MatchString(app) && (!both || name.MatchString(space)) && app != "localhost":
		e.space, e.app = space, app
		return nil
	case strings.Contains(app, "."), app == "localhost":
		return fmt.Errorf("names are not looked up: give the address of %s", text)
	case strings.Contains(text, ":"):
		return fmt.Errorf("%q is not an address; IPv6 with a port is [2001:db8::1]:443", text)
	}
	return fmt.Errorf("%q is neither an address, a range, nor an application ([SPACE/]APP)", text)
}

func (e *otherEnd) readAddresses(text string) (bool, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return false, fmt.Errorf("%s has a zone, which means nothing in a cluster", text)
		}
		e.addresses = reach.AddressEnd(netip.PrefixFrom(addr, addr.BitLen())).Addresses
		return true, nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return false, nil
	}
	e.addresses = reach.AddressEnd(prefix).Addresses
	return true, nil
}

// single reports whether the end is one address.
func (e otherEnd) single() bool { return e.addresses.IsValid() && e.addresses.IsSingleIP() }

// rangeText is a range without the length when it is one address.
func rangeText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
