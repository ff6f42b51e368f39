package compiler

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/schema"
)

// Topic is a kind of thing that must be done outside the cluster.
type Topic string

// The topics, in the order in which they are best done.
const (
	TopicRegistry      Topic = "registry"       // the registry's allow-list (S2)
	TopicSecret        Topic = "secret"         // Secrets by name, type and keys (S6, S10)
	TopicDomain        Topic = "domain"         // registration (S7)
	TopicICPFiling     Topic = "icp-filing"     // before a host in mainland China (S12)
	TopicDNS           Topic = "dns-record"     // where the domain points (S12)
	TopicProxyPort     Topic = "proxy-port"     // ports of the proxy servers (S11, S13)
	TopicPeering       Topic = "peering"        // of the company's VPC with the engine's (S17)
	TopicRoute         Topic = "route"          // of the peering, both ways (S17)
	TopicSecurityGroup Topic = "security-group" // of the back ends (S18)
)

// The topics of bootstrap, which come before those of applications.
const (
	TopicController Topic = "controller" // what syncs
	TopicNamespace  Topic = "namespace"  // of the region's edge
	TopicMirror     Topic = "mirror"     // of the repository
	TopicRepository Topic = "repository" // what must be in it
)

var topicOrder = []Topic{TopicController, TopicNamespace, TopicMirror, TopicRepository, TopicRegistry, TopicSecret, TopicDomain, TopicICPFiling, TopicDNS, TopicProxyPort, TopicPeering, TopicRoute, TopicSecurityGroup}

// Task is one thing that must be true outside the cluster for the application to work in a region, because no
// object can make it so.
type Task struct {
	Topic   Topic             `json:"topic"`
	Subject string            `json:"subject"`           // what it is about: a host, a secret, a back end
	Who     string            `json:"who"`               // who does it
	Do      string            `json:"do"`                // what is to be done, one sentence
	Details map[string]string `json:"details,omitempty"` // the values to do it with
	Fact    string            `json:"fact"`              // where the manual says so
}

// outside lists what no object can do for the application in a region, in the order in which it is best done.
func (p *RegionPlan) outside() []Task {
	var list []Task
	list = append(list, p.registryTasks()...)
	list = append(list, p.secretTasks()...)
	list = append(list, p.hostTasks()...)
	list = append(list, p.proxyTasks()...)
	list = append(list, p.backendTasks()...)
	slices.SortStableFunc(list, CompareTasks)
	return slices.CompactFunc(list, func(a, b Task) bool { return a.Topic == b.Topic && a.Subject == b.Subject && a.Do == b.Do })
}

// CompareTasks orders tasks as they are best done: by topic, then by what they are about.
func CompareTasks(a, b Task) int {
	return cmp.Or(cmp.Compare(slices.Index(topicOrder, a.Topic), slices.Index(topicOrder, b.Topic)), strings.Compare(a.Subject, b.Subject))
}

func (p *RegionPlan) registryTasks() []Task {
	if p.Spec.Image.Reference != "" {
		return nil
	}
	return []Task{{TopicRegistry, p.Region.Registry, "operator",
		"add the fixed public address that images are pushed from to the registry's allow-list, and push the image",
		map[string]string{"image": p.imageReference()}, "S1, S2"}}
}

func (p *RegionPlan) secretTasks() []Task {
	secret := func(name, kind, keys, use, fact string) Task {
		return Task{TopicSecret, name, "space", fmt.Sprintf("create the secret %s in the namespace %s: %s", name, p.Namespace, use),
			map[string]string{"namespace": p.Namespace, "type": kind, "keys": keys}, fact}
	}
	list := []Task{secret(p.pullSecret(), "kubernetes.io/dockerconfigjson", ".dockerconfigjson", "the registry credential", "S6")}
	for _, name := range p.secretRefs() {
		list = append(list, secret(name, "Opaque", joinWords(p.secretKeys(name)), "the application reads it", "S8"))
	}
	for _, name := range sortedKeys(p.Spec.HTTP) {
		entry := p.Spec.HTTP[name]
		switch {
		case entry.TLS == nil:
		case p.Region.Edge.TLS == "before":
			list = append(list, Task{TopicSecret, entry.TLS.Secret, "operator",
				fmt.Sprintf("install a certificate that matches %s where TLS ends, before the ingress controller", entry.Host), map[string]string{"host": entry.Host}, "S10"})
		default:
			use := "a certificate that matches " + entry.Host
			if entry.RedirectToHTTPS {
				use += "; it must exist first, because HTTP is redirected even while it is missing or invalid"
			}
			if len(p.Platform.DelegatedPaths(entry.Host, p.Spec.Space)) > 0 {
				use += "; the space that has the host has its own: the edge shows one of the two, so both must match"
			}
			list = append(list, secret(entry.TLS.Secret, "kubernetes.io/tls", "tls.crt and tls.key", use, "S10"))
		}
	}
	return list
}

// secretKeys returns the keys of a Secret that the application reads, sorted; all when it takes every key.
func (p *RegionPlan) secretKeys(name string) []string {
	var keys []string
	add := func(ref *schema.KeyRef) {
		if ref != nil && ref.Name == name {
			keys = append(keys, ref.Key)
		}
	}
	for _, source := range p.Spec.Env {
		add(source.Secret)
	}
	for _, file := range p.Spec.Files {
		add(file.Secret)
	}
	if slices.ContainsFunc(p.Spec.EnvFrom, func(f schema.EnvFrom) bool { return f.Secret == name }) {
		keys = append(keys, "(every key becomes a variable)")
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (p *RegionPlan) hostTasks() []Task {
	var list []Task
	for _, name := range sortedKeys(p.Spec.HTTP) {
		host := p.Spec.HTTP[name].Host
		domain, registered, _ := p.Platform.Domain(host)
		keep := fmt.Sprintf("keep %s registered to the space %s", domain, p.Spec.Space)
		if paths := p.Platform.DelegatedPaths(host, p.Spec.Space); len(paths) > 0 {
			keep = fmt.Sprintf("keep %s of %s delegated to the space %s", joinWords(paths), host, p.Spec.Space)
		}
		list = append(list, Task{TopicDomain, domain, "platform", keep, map[string]string{"host": host}, "S7"})
		if p.Region.DNS.ICPFiling {
			filing := cmp.Or(registered.ICPFiling, "none is recorded")
			list = append(list, Task{TopicICPFiling, domain, "company", fmt.Sprintf("have the ICP filing of %s in order before %s points at %s", domain, host, p.Region.ID), map[string]string{"filing": filing}, "S12"})
		}
		target := cmp.Or(p.Region.DNS.Target, "assigned by the operator: ask for it")
		list = append(list, Task{TopicDNS, host, "company", fmt.Sprintf("point %s at %s with a record of type %s", host, p.Region.ID, p.Region.DNS.Record),
			map[string]string{"record": p.Region.DNS.Record, "target": target}, "S12"})
	}
	return list
}

func (p *RegionPlan) proxyTasks() []Task {
	var list []Task
	add := func(protocol string, entries map[string]schema.L4) {
		for _, name := range sortedKeys(entries) {
			port := strconv.Itoa(int(entries[name].Port))
			list = append(list, Task{TopicProxyPort, port + "/" + protocol, "operator",
				fmt.Sprintf("open %s port %s on the proxy servers of %s and on the ingress controller's Service", protocol, port, p.Region.ID),
				map[string]string{"addresses": strings.Join(p.Region.Proxies, ", ")}, "S11, S13"})
		}
	}
	add("TCP", p.Spec.TCP)
	add("UDP", p.Spec.UDP)
	return list
}

func (p *RegionPlan) backendTasks() []Task {
	if len(p.Spec.Backends) == 0 {
		return nil
	}
	peering := p.Region.Peering
	var cidrs []string
	for _, name := range p.Spec.Backends {
		cidrs = append(cidrs, p.Space.Backends[name].Regions[p.Region.ID].CIDRs...)
	}
	slices.Sort(cidrs)
	list := []Task{
		{TopicPeering, p.Region.ID, "company requests, operator approves", fmt.Sprintf("request a peering of the back ends' VPC with the engine's in the console of %s", p.Region.Cloud),
			map[string]string{"account": peering.Account, "vpc": peering.VPC}, "S17"},
	}
	if peering.CIDR != "" {
		list = append(list, Task{TopicRoute, p.Region.ID, "company and operator", "add routes on both sides of the peering",
			map[string]string{"to the engine": peering.CIDR, "to the back ends": strings.Join(slices.Compact(cidrs), ", ")}, "S17"})
	}
	for _, name := range slices.Sorted(slices.Values(p.Spec.Backends)) {
		backend := p.Space.Backends[name]
		var ports []string
		for _, port := range backend.Ports {
			ports = append(ports, fmt.Sprintf("%d/%s", port.Port, port.Protocol))
		}
		list = append(list, Task{TopicSecurityGroup, name, "company", fmt.Sprintf("let the engine's addresses in, in the security group of %s", name),
			map[string]string{"from": strings.Join(p.Region.SourceCIDRs, ", "), "ports": strings.Join(ports, ", ")}, "S18"})
	}
	return list
}
