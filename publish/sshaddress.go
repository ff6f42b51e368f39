package publish

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/meridian-gitops/meridian/diag"
)

// sshAddress is a repository behind ssh.
type sshAddress struct {
	user string
	host string // without brackets
	port string
	path string // as git gets it there: below the user's home unless it starts with a slash
}

// defaultSSHUser is the one that forges have; no other name would be right more often.
const defaultSSHUser = "git"

// scpRE is the short form of an address for ssh, as git understands it: a colon before any slash. An address in
// brackets may hold colons of its own.
var scpRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:([^/\\@\[\]]+)@)?(?:\[([^/\\@\[\]]+)\]|([^/\\@:\[\]]+)):(.*)$`)
})

// cutSCP takes such an address apart. One letter before a colon is a drive.
func cutSCP(address string) (user, host, path string, ok bool) {
	m := scpRE().FindStringSubmatch(address)
	if strings.Contains(address, "://") || m == nil || m[1] == "" && len(m[3]) == 1 {
		return "", "", "", false
	}
	return m[1], m[2] + m[3], m[4], true
}

// IsRemote reports whether an address leads to a server and not to a folder of this machine. Whether it can be used
// is another question.
func IsRemote(address string) bool {
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		return !strings.EqualFold(scheme, "file")
	}
	_, _, _, ok := cutSCP(address)
	return ok
}

// scpTarget understands user@host:path.
func scpTarget(user, host, path string) (target, *refusal) {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(user, ":") || strings.Contains(first, "@") {
		return target{}, sshPassword()
	}
	a := sshAddress{user: user, host: host, port: "22", path: path}
	if name, port, err := net.SplitHostPort(host); err == nil { // [host:port]:path
		a.host, a.port = name, port
	}
	return a.target(func(a sshAddress) string {
		host := a.host
		if a.port != "22" {
			host = "[" + host + ":" + a.port + "]"
		} else if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return a.user + "@" + host + ":" + a.path
	})
}

// sshTarget understands ssh://user@host:port/path.
func sshTarget(u *url.URL) (target, *refusal) {
	if _, has := u.User.Password(); has {
		return target{}, sshPassword()
	}
	a := sshAddress{user: u.User.Username(), host: u.Hostname(), port: u.Port(), path: u.Path}
	if a.port == "" {
		a.port = "22"
	}
	return a.target(func(a sshAddress) string {
		u := *u
		u.User = url.User(a.user)
		return strings.TrimRight(u.String(), "/")
	})
}

func sshPassword() *refusal {
	return refuse(diag.TargetCredential, "the repository's address contains a password").
		hint("take the password out of the address and replace it, for it has been seen; over ssh Meridian logs in with a key of the agent or of --ssh-key")
}

// target completes and checks an address; shown is how it is written in messages.
func (a sshAddress) target(shown func(a sshAddress) string) (target, *refusal) {
	if a.user == "" {
		a.user = defaultSSHUser
	}
	a.host = strings.ToLower(a.host)
	a.path = strings.TrimRight(a.path, "/")
	if strings.HasPrefix(a.path, "/~") { // a home; git takes the slash away, too
		a.path = a.path[1:]
	}
	port, err := strconv.Atoi(a.port)
	switch {
	case a.host == "" || a.path == "":
		return target{}, refuse(diag.TargetAddress, "the repository's address has no host or no path")
	case err != nil || port < 1 || port > 65535:
		return target{}, refuse(diag.TargetAddress, "the repository's address has no valid port")
	case strings.ContainsFunc(a.user+a.host+a.path, unicode.IsControl):
		return target{}, refuse(diag.TargetAddress, "the repository's address holds a control character")
	case a.path[0] == '-': // git at the other end would take it for an option
		return target{}, refuse(diag.TargetAddress, "the repository's path starts with a dash")
	}
	return target{url: shown(a), ssh: &a}, nil
}

// dialled is the address as it is connected to and looked up among the known hosts.
func (a *sshAddress) dialled() string { return net.JoinHostPort(a.host, a.port) }

// command is the line that runs a git service for the repository, quoted for a shell as git does it.
func (a *sshAddress) command(service string) string {
	return service + " '" + strings.NewReplacer(`'`, `'\''`, `!`, `'\!'`).Replace(a.path) + "'"
}
