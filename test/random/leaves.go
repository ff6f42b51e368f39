package random

import (
	"fmt"
	"strings"
)

// leafDrawings are the values of the schema's leaf types: what it admits, towards its edges. Strings that a YAML 1.1 reader
// takes for something else are among the names wherever a name may be one.
func leafDrawings() map[string]func(*drawing) *value {
	words := func(list ...string) func(*drawing) *value {
		return func(d *drawing) *value { return textOf(pick(d, list)) }
	}
	numbers := func(list ...int) func(*drawing) *value {
		return func(d *drawing) *value { return numberOf(pick(d, list)) }
	}
	digest := "sha256:" + strings.Repeat("0e1", 21) + "f"
	return map[string]func(*drawing) *value{
		"#AppName":         words("a", "on", "y", "no", "null", "true", "app1", "x-1", "a--b", "e0", longest("app-", 50)),
		"#Contact":         words("y", "team@example.com", "~", "équipe « web » 你好", "a: b #c", "'", strings.Repeat("😀", 200)),
		"#ObjectName":      words("a", "0", "1e3", "true", "0x1f", "2026-11-26", "1.5", "a.b-c.d", "registry", strings.Repeat("a", 63)+"."+strings.Repeat("b", 63)+"."+strings.Repeat("c", 63)+"."+strings.Repeat("d", 61), longest("x", 253)),
		"#DataKey":         words("a", "-", "_", "password", "tls.crt", ".dockerconfigjson", ".a..b", "yes", "1_000", "0777", longest("K", 253)),
		"#EntryName":       words("a", "public", "off", "null", "n", "x--y", longest("e", 40)),
		"#PortName":        words("a", "web", "http", "y", "no", "1e3", "0x1f", "a-b-c-d-e-f-g-h", "grpc", "metrics", "123456789012345"[:14]+"a"),
		"#PortNumber":      numbers(1, 80, 443, 1024, 8080, 32767, 65534, 65535),
		"#EnvName":         words("A", "_", "-", ".", "..a", "a.b-c", "YES", "n", "LOG_LEVEL", ".x", "e3", longest("E", 253)),
		"#ImageName":       words("a", "app1", "team/app1", "a--b__c.d", "0", "1e3/null", longest("i", 200)),
		"#ImageTag":        words("1", "1.0", "1.10", "1e3", "0777", "true", "null", "_", "v1.2.3-rc.1", "2026-11-26", longest("t", 128)),
		"#ImageDigest":     words(digest),
		"#ImageReference":  words("docker.io/library/nginx:1.29", "localhost/a:0", "localhost:5000/a:1e3", "registry.example.com:65535/a/b/c@"+digest, "ghcr.io/a__b/c--d.e:v1@"+digest, "quay.io/"+longest("i", 363)+":"+longest("t", 128)),
		"#UserID":          numbers(1, 999, 1000, 65534, 2147483647),
		"#Replicas":        numbers(0, 1, 2, 3, 50, 10000),
		"#Count":           numbers(1, 2, 3, 9, 10000),
		"#Percentage":      numbers(1, 50, 100, 1000),
		"#Seconds":         numbers(0, 1, 5, 59, 3600, 86400),
		"#UpToAnHour":      numbers(0, 1, 300, 3600),
		"#PositiveSeconds": numbers(1, 2, 10, 600, 86400),
		"#Threshold":       numbers(1, 2, 3, 1000),
		"#Memory":          words(amounts()...),
		"#SourcePath":      words("a", "config/app.yaml", "y", "ü/日本 語.txt", "a.b/~", "..a/...", longest("s", 200)),
		"#HTTPPath":        words(httpPaths()...),
		"#ProbePath":       words("/", "/healthz", "/a?b=c&d=%20#e", "/{\"a\":[1]}", "/~!@$^*()_+|", "/"+strings.Repeat("p", 1023)),
		"#HeaderName":      words("X-Probe", "Host", "a", "-", "0", "Yes", longest("H", 200)),
		"#Line":            words("y", "a: b", "  spaces  ", "日本語", "\\", "'\"", "0x1F", "-", "#", strings.Repeat("ü", 1000)),
		"#Text":            drawText,
		"#NonEmpty":        words("a", "/bin/sh", "-c", "no", "--flag=1", " ", "\n", "exec \"$0\" 'x' && echo 你好 | cat > /tmp/y", "1_000", "$(VAR)", strings.Repeat("c", 1000)),
		"#Boolean":         func(d *drawing) *value { return booleanOf(d.chance(2)) },
		"#LabelKey":        words("tier", "a", "Y", "1e3", "example.com/on", "a.b.c.d-e/f_g.h-i", "0/0", longest("l", 63), strings.Repeat("p", 253)+"/"+longest("l", 63)),
		"#AnnotationKey":   words("tier", "y", "Off", "nan", "trueish", "example.com/1e3", "0/0", "example.com/true", longest("a", 63), strings.Repeat("p", 253)+"/"+longest("a", 63)),
		"#LabelValue":      words("", "a", "true", "on", "1.10", "007", "1e3", "0x1F", "2026-11-26", "null", "N", longest("v", 63)),
	}
}

// longest is a name of exactly so many characters.
func longest(start string, length int) string {
	return start + strings.Repeat("z", length-len(start))
}

// amounts are amounts of memory, the least first.
func amounts() []string {
	return []string{"1", "1k", "1.5Ki", "64Mi", "100M", "128Mi", "134217728.0", "0.5Gi", "1Gi", "1.5Gi", "4G", "1Ti", "999999999999", "999T"}
}

// cores are amounts of processor time, the least first.
func cores() []string {
	return []string{"1m", "0.001", "50m", "100m", "0.1", "250m", "0.5", "1", "1.5", "2000m", "999999999m", "999999.999"}
}

func httpPaths() []string {
	return []string{"/", "/api", "/api/", "/API/v1", "/.well-known/acme-challenge", "/a.b/c_d-e", "/0/1e3", "/-/_/.x", "/" + strings.Repeat("p", 1023)}
}

// drawText draws a text that is awkward to write, or to read back; in some applications what is true of the region.
func drawText(d *drawing) *value {
	switch {
	case d.factual && d.chance(2):
		return &value{kind: expression, text: pick(d, []string{"region.id", "region.title", "region.cloud", "region.registry", "region.kubernetes", `"db.\(region.id).internal"`})}
	case d.chance(20):
		return textOf(strings.Repeat(pick(d, texts()), 300))
	case d.chance(10):
		return textOf(pick(d, texts()) + pick(d, texts()))
	}
	return textOf(pick(d, texts()))
}

// texts are texts that YAML 1.1 or 1.2 takes for something else, or that are written with care.
func texts() []string {
	list := []string{
		"", " ", "a", "plain words", "yes", "No", "on", "OFF", "true", "y", "N", "null", "Null", "~", "NaN", ".nan", ".inf", "-.INF",
		"0", "-0", "007", "0o17", "0x1F", "0b11", "1e3", "1E+3", "1_000", ".5", "5.", "+1", "12:30:45", "190:20:30.15", "2026-11-26", "2026-11-26T10:00:00Z",
		"a: b", "a:", ":a", "a #b", "#a", "- a", "-", "--- a", "---", "...", "? a", "*a", "&a", "!a", "!!str a", "%a", "@a", "`a`", "{a}", "[a]", "{", "]", ",", "|", ">", "|+", ">-",
		"'", "\"", "'a' \"b\"", "''", "C:\\temp", "\\n", "=", "<<", "  a  ", "a ", " a", "\ta", "a\t", "a\tb", "\n", "a\n", "a\nb\n", "a\n\n", "\n a", "a\n  b\n c", "a\r\nb", "\r", "a\n#b", "a\n---\nb",
		"你好,世界", "ünïcödé", "😀", "e\u0301", "שלום", "a\u2028b\u2029c", "\uFEFFa", "a\uFEFF", "\u00A0a", "\u200B", "\u202Eabc", "\u0001", "\u0007\u0008\u000B\u000C\u001B", "\uFFFD", "\U0001F468\u200D\U0001F469", "\U0010FFFF",
		"$(VAR)", "$$(VAR)", "${VAR}", "{{ .Values.a }}", "<a href=\"b\">&amp;</a>", "http://example.com/a?b=c#d", "postgres://db.example.com/x", "a,b;c", "[1, \"a\", null]", "{\"a\": {\"b\": [true]}}",
	}
	for _, n := range []int{79, 80, 81, 1000} {
		list = append(list, strings.Repeat("ab ", n)[:n], strings.Repeat("x", n), fmt.Sprintf("%0*d", n, 7))
	}
	return list
}
