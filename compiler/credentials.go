package compiler

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/meridian-gitops/meridian/diag"
)

// What looks like a credential: forms that nothing else has, and long random values under a telling name. It is
// a heuristic, so it only warns, and its words never repeat the value. They are compiled when they are first used.
var (
	credentialForms = lazily(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[-A-Za-z0-9_]{20}|\bxox[abprs]-[-A-Za-z0-9]{10,}|\beyJ[-A-Za-z0-9_]{10,}\.eyJ[-A-Za-z0-9_]{10,}\.|\bsk_live_[A-Za-z0-9]{16,}|\bAIza[-A-Za-z0-9_]{35}`)
	credentialURL   = lazily(`[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@$]+@`)
	credentialName  = lazily(`(?i)(^|[_.-])(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$`)
)

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func (c *planCheck) credentials() {
	warn := func(path []string, name, value string) {
		if why := looksLikeCredential(name, value); why != "" {
			c.add(diag.LooksLikeCredential, path, "%s %s; manifests are readable by everyone who can read the repository", fieldPath(path), why)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Spec.Env)) {
		if value := c.Spec.Env[name].Value; value != nil {
			warn([]string{"env", name}, name, *value)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(c.Spec.Files)) {
		if content := c.Spec.Files[path].Content; content != nil {
			warn([]string{"files", path}, "", *content)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Spec.Annotations)) {
		warn([]string{"annotations", name}, name, c.Spec.Annotations[name])
	}
	for i, arg := range c.Spec.Args {
		name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		warn([]string{"args", strconv.Itoa(i)}, name, value)
	}
	for i, word := range c.Spec.Command {
		name, value, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		warn([]string{"command", strconv.Itoa(i)}, name, value)
	}
}

// looksLikeCredential says what makes a value suspicious, or "".
func looksLikeCredential(name, value string) string {
	if len(value) < 8 {
		return ""
	}
	switch {
	case credentialForms().MatchString(value):
		return "has the form of a credential"
	case credentialURL().MatchString(value):
		return "holds an address with a password in it"
	case credentialName().MatchString(name) && !strings.ContainsAny(value, " /$") && entropy(value) > 2.8:
		return "has the name of a credential and a value that looks like one"
	}
	return ""
}

// entropy is Shannon's, in bits a byte: words have less than random keys.
func entropy(s string) float64 {
	counts := [256]int{}
	for i := range len(s) {
		counts[s[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
