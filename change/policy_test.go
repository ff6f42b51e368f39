package change

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func policy(selector, types, rules string) string {
	return "kind: NetworkPolicy\nmetadata: {name: app1}\nspec:\n  podSelector: {" + selector + "}\n  policyTypes: [" + types + "]\n" + rules
}

const thisApp = "matchLabels: {app.kubernetes.io/name: app1}"

func egress(rules ...string) string {
	return policy(thisApp, "Ingress, Egress", "  egress:\n  - "+strings.Join(rules, "\n  - ")+"\n")
}

func inbound(rules ...string) string {
	return policy(thisApp, "Ingress, Egress", "  ingress:\n  - "+strings.Join(rules, "\n  - ")+"\n")
}

func to(block, ports string) string {
	return "{to: [{ipBlock: {" + block + "}}], ports: [" + ports + "]}"
}

const (
	callee = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: myorg-shop}}, podSelector: {matchLabels: {app.kubernetes.io/name: cart}}}"
	tcp443 = "{protocol: TCP, port: 443}"
)

func TestNetworkPolicy(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"a back end more", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: 10.1.0.0/16", tcp443), to("cidr: 10.2.0.0/16", tcp443)), "[egress-wider] | may reach 10.2.0.0/16 on TCP 443"},
		{"a back end less", egress(to("cidr: 10.1.0.0/16", tcp443), to("cidr: 10.2.0.0/16", tcp443)), egress(to("cidr: 10.1.0.0/16", tcp443)), "[egress-narrower] | may no longer reach 10.2.0.0/16 on TCP 443"},
		{"one inside another", egress(to("cidr: 10.0.0.0/8", tcp443)), egress(to("cidr: 10.0.0.0/8", tcp443), to("cidr: 10.2.0.0/16", tcp443)), "[no-effect]"},
		{"in halves", egress(to("cidr: 10.0.0.0/8", tcp443)), egress(to("cidr: 10.0.0.0/9", tcp443), to("cidr: 10.128.0.0/9", tcp443)), "[no-effect]"},
		{"an exception more", egress(to("cidr: 0.0.0.0/0, except: [10.0.0.0/8]", "")), egress(to("cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]", "")), "[egress-narrower] | may no longer reach 192.168.0.0/16 on all ports"},
		{"an exception less", egress(to("cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]", "")), egress(to("cidr: 0.0.0.0/0, except: [192.168.0.0/16]", "")), "[egress-wider] | may reach 10.0.0.0/8 on all ports"},
		{"an exception that another rule lets through", egress(to("cidr: 0.0.0.0/0, except: [10.0.0.0/8]", ""), to("cidr: 10.1.0.0/16", "")), egress(to("cidr: 0.0.0.0/0, except: [10.0.0.0/16, 10.2.0.0/15, 10.4.0.0/14, 10.8.0.0/13, 10.16.0.0/12, 10.32.0.0/11, 10.64.0.0/10, 10.128.0.0/9]", "")), "[no-effect]"},
		{"wider there, narrower here", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: 10.2.0.0/16", tcp443)), "[egress-wider egress-narrower] | may reach 10.2.0.0/16 on TCP 443 | may no longer reach 10.1.0.0/16 on TCP 443"},
		{"a port more", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: 10.1.0.0/16", tcp443+", {protocol: UDP, port: 443}")), "[egress-wider] | may reach 10.1.0.0/16 on UDP 443"},
		{"a range of ports", egress(to("cidr: 10.1.0.0/16", "{protocol: TCP, port: 80, endPort: 90}")), egress(to("cidr: 10.1.0.0/16", "{protocol: TCP, port: 85, endPort: 95}")), "[egress-wider egress-narrower] | may reach 10.1.0.0/16 on TCP 91–95 | may no longer reach 10.1.0.0/16 on TCP 80–84"},
		{"all ports", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: 10.1.0.0/16", "")), "[egress-wider] | may reach 10.1.0.0/16 on TCP 0–442, TCP 444–65535, UDP, SCTP"},
		{"all ports of a protocol", egress(to("cidr: 10.1.0.0/16", "{protocol: UDP}")), egress(to("cidr: 10.1.0.0/16", "{protocol: UDP}, {protocol: TCP}")), "[egress-wider] | may reach 10.1.0.0/16 on TCP"},
		{"everybody", egress(to("cidr: 10.1.0.0/16", tcp443)), egress("{ports: [" + tcp443 + "]}"), "[egress-wider] | may reach everybody on TCP 443"},
		{"no longer everybody", egress("{ports: [" + tcp443 + "]}"), egress(to("cidr: 10.1.0.0/16", tcp443)), "[egress-narrower] | may no longer reach everybody on TCP 443"},
		{"IPv6", egress(to("cidr: 2001:db8::/32", tcp443)), egress(to("cidr: 2001:db8::/31", tcp443)), "[egress-wider] | may reach 2001:db9::/32 on TCP 443"},
		{"a call more", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: 10.1.0.0/16", tcp443), "{to: ["+callee+"], ports: [{protocol: TCP, port: grpc}]}"), "[egress-wider] | may reach cart of myorg-shop on TCP grpc"},
		{"all pods of a namespace instead of one application's", egress("{to: [" + callee + "]}"), egress("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: myorg-shop}}}]}"), "[egress-wider] | may reach all pods of myorg-shop on all ports"},
		{"a named port where all are let through", egress("{to: [" + callee + "]}"), egress("{to: ["+callee+"]}", "{to: ["+callee+"], ports: [{protocol: TCP, port: grpc}]}"), "[no-effect]"},
		{"a caller more", inbound("{from: [{podSelector: {}}], ports: [" + tcp443 + "]}"), inbound("{from: [{podSelector: {}}], ports: ["+tcp443+"]}", "{from: ["+callee+"], ports: ["+tcp443+"]}"), "[exposure-wider] | lets in cart of myorg-shop on TCP 443"},
		{"a caller less", inbound("{from: [{podSelector: {}}]}", "{from: ["+callee+"]}"), inbound("{from: [{podSelector: {}}]}"), "[exposure-narrower] | no longer lets in cart of myorg-shop on all ports"},
		{"an expression narrows", inbound("{from: [{podSelector: {}}]}"), inbound("{from: [{podSelector: {matchExpressions: [{key: tier, operator: In, values: [b, a]}]}}]}"), "[exposure-narrower] | no longer lets in all pods of the namespace on all ports"},
		{"other pods", inbound("{from: [{podSelector: {}}]}"), strings.Replace(inbound("{from: [{podSelector: {}}]}"), "name: app1}}", "name: app2}}", 1), "[exposure-changed egress-changed] | it holds for other pods now"},
		{"an address that is none", egress(to("cidr: 10.1.0.0/16", tcp443)), egress(to("cidr: anywhere", tcp443)), "[egress-changed]"},
		{"default deny lifted", policy("", "Ingress, Egress", ""), policy("", "Ingress", ""), "[egress-wider] | nothing keeps the namespace's pods from reaching anybody any more"},
		{"default deny set", policy("", "Egress", ""), policy("", "Ingress, Egress", ""), "[exposure-narrower] | what no policy lets in is kept out now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, new := files{"networkpolicy.yaml": tt.old}, files{"networkpolicy.yaml": tt.new}
			if d := cmp.Diff([]string{"changed NetworkPolicy app1 " + tt.want}, told(Compare(old.tree(t), new.tree(t)))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestSpace is what the platform publishes.
func TestSpace(t *testing.T) {
	const space = "regions/aws-oregon/spaces/myorg-web/space/"
	binding := func(kind, role, subjects string) string {
		return "kind: RoleBinding\nmetadata: {name: developer}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind + ", name: " + role + "}\nsubjects: [" + subjects + "]\n"
	}
	const team, other = "{kind: Group, name: team-web}", "{kind: User, name: li.wei}"
	tests := []struct {
		name, file string
		old, new   string
		want       string
	}{
		{"a subject more", "rolebinding-developer.yaml", binding("ClusterRole", "view", team), binding("ClusterRole", "view", team+", "+other), "changed RoleBinding developer [permissions-wider] | granted: view to user li.wei"},
		{"a subject less", "rolebinding-developer.yaml", binding("ClusterRole", "view", team+", "+other), binding("ClusterRole", "view", team), "changed RoleBinding developer [permissions-narrower] | taken away: view to user li.wei"},
		{"a greater role", "rolebinding-developer.yaml", binding("ClusterRole", "view", team), binding("ClusterRole", "edit", team), "changed RoleBinding developer [permissions-wider] | granted: edit to group team-web"},
		{"a lesser role", "rolebinding-developer.yaml", binding("ClusterRole", "edit", team), binding("ClusterRole", "view", team), "changed RoleBinding developer [permissions-narrower] | taken away: edit to group team-web"},
		{"roles that do not compare", "rolebinding-developer.yaml", binding("Role", "developer", team), binding("ClusterRole", "edit", team), "changed RoleBinding developer [permissions-wider permissions-narrower] | granted: edit to group team-web | taken away: developer to group team-web"},
		{"another order", "rolebinding-developer.yaml", binding("ClusterRole", "view", team+", "+other), binding("ClusterRole", "view", other+", "+team), "changed RoleBinding developer [no-effect] | it grants the same in other words"},
		{
			"a rule more", "role-developer.yaml",
			"kind: Role\nmetadata: {name: developer}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
			"kind: Role\nmetadata: {name: developer}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get, delete]}, {apiGroups: [apps], resources: [deployments], resourceNames: [app1], verbs: [get]}]\n",
			`changed Role developer [permissions-wider] | granted: delete pods, get deployments.apps "app1"`,
		},
		{
			"a star covers", "role-developer.yaml",
			"kind: Role\nmetadata: {name: developer}\nrules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]\n",
			"kind: Role\nmetadata: {name: developer}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
			"changed Role developer [permissions-narrower] | taken away: * pods",
		},
		{"labels of the namespace", "namespace.yaml", "kind: Namespace\nmetadata: {name: myorg-web, labels: {pod-security.kubernetes.io/enforce-version: v1.35}}\n", "kind: Namespace\nmetadata: {name: myorg-web, labels: {pod-security.kubernetes.io/enforce-version: v1.36}}\n", "changed Namespace myorg-web [policy]"},
		{"quota", "resourcequota.yaml", "kind: ResourceQuota\nmetadata: {name: space}\nspec: {hard: {pods: 10}}\n", "kind: ResourceQuota\nmetadata: {name: space}\nspec: {hard: {pods: 20}}\n", "changed ResourceQuota space [policy]"},
		{"labels of a quota", "resourcequota.yaml", "kind: ResourceQuota\nmetadata: {name: space, labels: {a: b}}\n", "kind: ResourceQuota\nmetadata: {name: space, labels: {a: c}}\n", "changed ResourceQuota space [no-effect]"},
		{"what is no object", "notes.txt", "a: b", "a: c", "changed File notes.txt [policy]"},
		{"what is not even YAML", "notes.txt", "a: b", "{", "changed File notes.txt [policy]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Compare(files{space + tt.file: tt.old}.tree(t), files{space + tt.file: tt.new}.tree(t))
			if d := cmp.Diff([]string{tt.want}, told(got)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]App{{Namespace: "myorg-web"}}, got[0].Apps); d != "" {
				t.Error(d)
			}
		})
	}
}
