package schema

import (
	"strconv"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
)

// leafCase holds values just inside a leaf type and just outside of it. A value that begins with = is CUE, any
// other a string.
type leafCase struct{ in, out []string }

func long(n int) string { return strings.Repeat("a", n) }

// nameCase is the form that names of applications, spaces and others share; they differ in length.
func nameCase(most int) leafCase {
	return leafCase{[]string{"a", "app1", "a-b", "a--b", long(most)}, []string{"", "1a", "-a", "a-", "A", "aB", "a_b", "a.b", "ä", " a", "a\n", long(most + 1), "=1", "=true"}}
}

func enumCase(values ...string) leafCase {
	c := leafCase{in: values, out: []string{"", "x", "=1", "=null", "=true"}}
	for _, v := range values {
		c.out = append(c.out, v+" ", strings.ToUpper(v)+"X", "X"+v)
	}
	return c
}

func numberCase(least, most int) leafCase {
	text := func(n int) string { return "=" + strconv.Itoa(n) }
	return leafCase{[]string{text(least), text(least + 1), text(most)}, []string{text(least - 1), text(most + 1), "=1.5", "=1e400", "1", "=true", "=null"}}
}

const armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEAA==\n-----END PGP PUBLIC KEY BLOCK-----"

var amounts = []string{"", "0", "0.0", "-1", "+1", "1 ", "1e3", "1,5", ".5", "1.", "=1"}

// leafCases has an entry for every leaf of the schema; a new leaf without one fails the test.
var leafCases = map[string]leafCase{
	"#AppName":         nameCase(50),
	"#SpaceName":       nameCase(63),
	"#OrgName":         nameCase(40),
	"#RegionID":        nameCase(40),
	"#EntryName":       nameCase(40),
	"#PortName":        {[]string{"a", "web", "8a", "a-b", "1-a", long(15)}, []string{"", "80", "1-2", "a--b", "-a", "a-", "A", "a_b", long(16)}},
	"#PortNumber":      numberCase(1, 65535),
	"#Contact":         {[]string{"a", "team@x.y", "Ä team", strings.Repeat("ä", 200)}, []string{"", "a\n", "a\tb", "\u200b", "\ufffe", strings.Repeat("ä", 201), "=1"}},
	"#ObjectName":      {[]string{"a", "1", "a.b", "a-b.c-1", long(253)}, []string{"", ".a", "a.", "a..b", "-a", "a-", "a.-b", "A", "a_b", long(254)}},
	"#DataKey":         {[]string{"a", "A_b-c.d", ".a", "a..", long(253)}, []string{"", ".", "..", "..a", "...", "a/b", "a b", "ä", long(254)}},
	"#Namespace":       {[]string{"a", "1", "a-b", long(63)}, []string{"", "-a", "a-", "A", "a.b", long(64)}},
	"#EnvName":         {[]string{"A", "_a", ".a", "-a", "a1", long(253)}, []string{"", "1a", "a=b", "a b", "ä", long(254)}},
	"#Host":            {[]string{"a.b", "a.mydomain.com", "*.mydomain.com", "1.a", "a.1b", "xn--a.b", long(63) + ".b"}, []string{"", "a", "A.b", "a_.b", "*.b.*", "a.*.b", "**.b", "*", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "1.2.3.4", "a.b:80", "https://a.b", long(64) + ".b", strings.Repeat("a.", 126) + "ab"}},
	"#RegistryHost":    {[]string{"a", "us-repo.cloud.mi.com", "r.io:5000"}, []string{"", "R.io", "r.io/a", "r.io:", "r.io:123456", "-a", "a..b", "https://r.io"}},
	"#HTTPPath":        {[]string{"/", "/a", "/a/", "/a.b/c_d-E", "/..a", "/" + long(1023)}, []string{"", "a", "//", "/a//b", "/a?b", "/a b", "/.", "/..", "/a/../b", "/ä", "/a;b", "/(a)", "/" + long(1024)}},
	"#ProbePath":       {[]string{"/", "/a?b=c&d", "/~", "/" + long(1023)}, []string{"", "a", "/a b", "/ä", "/a\n", "/" + long(1024)}},
	"#FilePath":        {[]string{"/a", "/a/b.c", "/a b", "/..a", "/" + long(1023)}, []string{"", "/", "a", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a:b", "/a\n", "/\uffff", "/" + long(1024)}},
	"#SourcePath":      {[]string{"a", "a/b.yaml", "a b", "..a", long(1024)}, []string{"", "/a", ".", "..", "../a", "a/..", "a/../b", "a//b", "a/", `a\b`, "a\n", long(1025)}},
	"#CIDR":            {[]string{"10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "::/0", "2001:db8::/32"}, []string{"", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "256.0.0.0/8", "10.0.0.0/8 ", "2001:DB8::/32", "::/129", "a/8", "=1"}},
	"#CIDRs":           {[]string{"10.0.0.0/8", "10.0.0.0/8,11.0.0.0/8", " 10.0.0.0/8 , ::/0 "}, []string{"", ",", "10.0.0.0/8,", "10.0.0.0", "10.0.0.0/8;11.0.0.0/8", "x"}},
	"#IP":              {[]string{"1.2.3.4", "::1"}, []string{"", "1.2.3", "256.1.1.1", "1.2.3.4/32", "::G", "a.b"}},
	"#CPU":             {[]string{"1", "250m", "1.5", "0.001", "999999"}, append([]string{"1k", "1.0000", "m", "0m", "1.5m", "1234567"}, amounts...)},
	"#Memory":          {[]string{"1", "256Mi", "1.5Gi", "1k", "1Ti"}, append([]string{"1m", "1Pi", "256mi", "256 Mi", "Mi", "0Mi", "0.000Gi"}, amounts...)},
	"#ImageName":       {[]string{"a", "a/b", "a.b_c__d-e--f", long(200)}, []string{"", "A", "a/", "/a", "a//b", "a:1", "a@b", "a___b", "a..b", "-a", long(201)}},
	"#ProjectName":     {[]string{"a", "my-org", long(100)}, []string{"", "A", "a/b", "a-", long(101)}},
	"#ImageTag":        {[]string{"1.0", "latest", "_a", "A-b.c", long(128)}, []string{"", ".a", "-a", "a:b", "a b", "ä", long(129), "=1.0"}},
	"#ImageDigest":     {[]string{"sha256:" + digest64}, []string{"", digest64, "sha256:" + digest64[1:], "sha256:" + digest64 + "0", "sha256:" + strings.ToUpper(digest64), "sha512:" + digest64}},
	"#ImageReference":  {[]string{"r.io/a", "r.io/a:1", "r.io:5000/a/b:1", "localhost/a", "localhost:5000/a:1", "r.io/a@sha256:" + digest64, "r.io/a:1@sha256:" + digest64, "r.io/a:" + long(128)}, []string{"", "nginx", "nginx:1", "library/nginx:1", "R.io/a", "r.io/A", "r.io/", "https://r.io/a", "r.io/a:", "r.io/a@1", "r.io/a:" + long(129), "r.io/" + long(496)}},
	"#UserID":          numberCase(1, 2147483647),
	"#Replicas":        numberCase(0, 10000),
	"#Count":           numberCase(1, 10000),
	"#Percentage":      numberCase(1, 1000),
	"#CountOrPercent":  {[]string{"=0", "=10000", "0%", "9%", "10%", "99%", "100%"}, []string{"", "=-1", "=10001", "101%", "00%", "05%", "-1%", "1", "1.5%", "%", "=0.25"}},
	"#Seconds":         numberCase(0, 86400),
	"#UpToAnHour":      numberCase(0, 3600),
	"#PositiveSeconds": numberCase(1, 86400),
	"#Threshold":       numberCase(1, 1000),
	"#HeaderName":      {[]string{"X-Probe", "a", "1", long(200)}, []string{"", "a b", "a:b", "a_b", "ä", long(201)}},
	"#Line":            {[]string{"a", " ", "Ä ß", strings.Repeat("ä", 1000)}, []string{"", "a\nb", "a\x00", "\x7f", "\ufffe", "\uffff", strings.Repeat("ä", 1001)}},
	"#Text":            {[]string{"", "a\nb\tc", "ä", "\x01\x1f", "\u00a0", "\u2028", "\ufffd"}, []string{"a\x00b", "\x7f", "\u0080", "\u0085", "\u009f", "\ufffe", "a\uffff", "=1", "=true", "=null"}},
	"#NonEmpty":        {[]string{"a", " ", "a\nb"}, []string{"", "\x00", "a\x00", "\x7f", "a\u0080", "\ufffe", "=1"}},
	"#LabelKey":        {[]string{"a", "A_b.c-D", "x.y/a", "1", "1e3", "true", long(63), "a/" + long(63), long(253) + "/" + long(63)}, []string{"", "-a", "a-", "/a", "a/", "A.b/c", "a/b/c", "ä", long(64), "a/" + long(64), long(254) + "/a"}},
	"#AnnotationKey":   {[]string{"a", "A_b.c-D", "x.y/a", "y", "on", "No", "nan", "truth", "1/1", "x/1e3", "x/true", long(63), "a/" + long(63), long(253) + "/" + long(63)}, []string{"", "-a", "a-", "/a", "a/", "A.b/c", "a/b/c", "ä", "1", "1e3", "0x1F", "007", "1_000", "1.5", "2026-11-26", "true", "False", "NULL", "null", long(64), "a/" + long(64), long(254) + "/a"}},
	"#LabelValue":      {[]string{"", "a", "A_b.c-D", "1", long(63)}, []string{"-a", "a-", "a b", "a/b", "ä", long(64)}},
	"#KubernetesMinor": {[]string{"1.36", "1.00"}, []string{"", "1.9", "1.366", "v1.36", "1.36.1", "2.36", "=1.36"}},
	"#Timeout":         {[]string{"3m", "90m", "1m30s", "5s"}, []string{"", "3", "m", "1h", "1h30m", "1.5m", "3 m", "-1m"}},
	"#Duration":        {[]string{"10m", "1h30m", "5s"}, []string{"", "10", "m", "1.5h", "10 m", "1d", "-1m"}},
	"#SSHKey":          {[]string{"ssh-ed25519 AAAA", "ssh-ed25519 AAA= a@b c", "ssh-rsa a+/1== ", "sk-ssh-ed25519@openssh.com AAAA"}, []string{"", "ssh-ed25519", "ssh-ed25519 ", " ssh-ed25519 AAAA", "ssh-ed25519  AAAA", "ssh-ed25519 AAAA\n", "ssh-ed25519 A*", "ssh-ed25519 A=A", "ssh-ed25519\tAAAA", "command=\"x\" ssh-ed25519 AAAA", "key::ssh-ed25519 AAAA", "ssh-ed25519 " + long(5000)}},
	"#OpenPGPKey":      {[]string{armored, "\n" + armored + "\n\n", strings.ReplaceAll(armored, "\n", "\r\n")}, []string{"", "x" + armored, armored + "x", armored[1:], armored[:len(armored)-1], strings.ReplaceAll(armored, "PUBLIC", "PRIVATE"), strings.ReplaceAll(armored, "\n", " ")}},
	"#SubjectName":     {[]string{"a", "oidc:team/x@y", long(253)}, []string{"", "a b", "\ufffe", "a\n", long(254)}},
	"#Boolean":         {[]string{"=true", "=false"}, []string{"true", "=1", "=null", ""}},
	"#APIVersion":      enumCase("meridian/v1"),
	"#Protocol":        enumCase("TCP", "UDP"),
	"#PathType":        enumCase("Prefix", "Exact"),
	"#Scheme":          enumCase("HTTP", "HTTPS"),
	"#Spreading":       enumCase("ScheduleAnyway", "DoNotSchedule", "None"),
	"#Strategy":        enumCase("RollingUpdate", "Recreate"),
	"#PodField":        enumCase("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.podIP", "status.hostIP"),
	"#PatchKind":       enumCase("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"),
	"#EmittedKind":     enumCase("ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"),
	"#DiagnosticCode":  {[]string{"M0000", "M4015"}, []string{"", "m4015", "M401", "M40155", "4015"}},
	"#DeveloperRole":   enumCase("developer", "edit"),
	"#SyncEngine":      enumCase("flux", "argocd"),
	"#GitAddress":      {[]string{"https://git.mydomain.com/gitops.git", "http://git:8080/a", "ssh://git@git.mydomain.com:22/a/b.git/"}, []string{"", "git.mydomain.com/a", "https://user@git.mydomain.com/a", "https://user:word@git.mydomain.com/a", "ssh://git.mydomain.com/a", "git@git.mydomain.com:a", "https://git.mydomain.com", "https://git.mydomain.com/a?b", "https://git.mydomain.com/a b", "file:///a"}},
	"#SyncName":        {[]string{"meridian", "a", "a-1", long(50)}, []string{"", "1a", "-a", "a-", "A", "a.b", "a_b", long(51), "=1"}},
	"#SyncSource":      enumCase("ExternalArtifact", "GitRepository"),
	"#IPFamily":        enumCase("IPv4", "IPv6"),
	"#TLSEnd":          enumCase("controller", "before"),
	"#ClientAddress":   enumCase("preserved", "proxyProtocol", "xForwardedFor", "lost"),
	"#HTTPDialect":     enumCase("ingress-nginx"),
	"#L4Dialect":       enumCase("ingress-nginx"),
	"#RecordType":      enumCase("A", "CNAME"),
	"#Any":             {[]string{"", "=1", "={a: [1, {b: null}]}"}, nil},
}

// TestLeaves holds every leaf of the schema to values on both sides of its border (S20).
func TestLeaves(t *testing.T) {
	s := newSchema(t)
	for _, leaf := range s.Types() {
		if !leaf.Leaf() {
			continue
		}
		c, ok := leafCases[leaf.Name]
		if !ok {
			t.Errorf("%s has no entry in leafCases", leaf.Name)
			continue
		}
		t.Run(leaf.Name, func(t *testing.T) {
			for _, text := range c.in {
				if list := s.checkLeaf(leaf, text); len(list) > 0 {
					t.Errorf("%.80q is refused: %v", text, list)
				}
			}
			for _, text := range c.out {
				list := s.checkLeaf(leaf, text)
				if !diag.HasErrors(list) {
					t.Errorf("%.80q is admitted", text)
				}
				for _, d := range list {
					if !strings.Contains(d.Message+d.Hint, leaf.Expect) && !strings.HasPrefix(d.Hint, "did you mean") && !strings.Contains(d.Hint, "quotes") && d.Code != diag.NullOutsideOverride {
						t.Errorf("%.80q: nothing says what is wanted: %s; %s", text, d, d.Hint)
					}
				}
			}
			if leaf.Name != "#Any" && (len(c.in) == 0 || len(c.out) == 0) {
				t.Error("nothing is tried")
			}
		})
	}
	for name := range leafCases {
		if found := s.Type(name); found == nil || !found.Leaf() {
			t.Errorf("%s is no leaf", name)
		}
	}
}

// leafLiteral is a value of a leafCase as CUE.
func leafLiteral(text string) string {
	if literal, isCUE := strings.CutPrefix(text, "="); isCUE {
		return literal
	}
	return strings.NewReplacer(`\x00`, `\u0000`, `\x01`, `\u0001`, `\x1f`, `\u001f`, `\x7f`, `\u007f`).Replace(strconv.Quote(text))
}

// checkLeaf reads a value as a leaf type.
func (s *Schema) checkLeaf(leaf *Type, text string) []diag.Diagnostic {
	literal := leafLiteral(text)
	holder := &Type{Name: "#Holder", names: map[string]*Field{"x": {Name: "x", Type: &Ref{Type: leaf}}}}
	f, list := parse(Source{Name: "x.cue", Data: []byte("x: " + literal + "\n")})
	if f == nil {
		return list
	}
	value, ctx, list := build([]*file{f}, nil)
	if len(list) > 0 {
		return list
	}
	w := &walker{schema: s, ctx: ctx}
	w.walk(&Ref{Type: holder}, value, diag.Pos{File: "x.cue", Line: 1, Col: 1}, false)
	return w.list
}
