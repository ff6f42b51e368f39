package publish

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
)

// target is a repository's address, understood.
type target struct {
	path string // a local bare repository, which may not exist yet
	url  string // or a remote, as it may be shown
	open bool   // plain http to another machine
	ssh  *sshAddress
}

// parseTarget understands Options.URL. What it refuses never appears in a message: an address that is not as
// expected may well hold a password in a place where none belongs.
func parseTarget(address string, allowHTTP bool) (target, []diag.Diagnostic) {
	refuse := func(code diag.Code, format string, args ...any) (target, []diag.Diagnostic) {
		return target{}, []diag.Diagnostic{diag.New(code, diag.Pos{}, "", format, args...)}
	}
	if address == "" {
		return refuse(diag.TargetAddress, "no repository is given")
	}
	if !strings.Contains(address, "://") {
		if user, host, path, ok := cutSCP(address); ok {
			return diagnosed(scpTarget(user, host, path))
		}
		return localTarget(address)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return refuse(diag.TargetAddress, "the repository's address is not a valid URL")
	case u.User != nil && u.Scheme != "ssh":
		return refuse(diag.TargetCredential, "the repository's address contains a user name or password")
	case u.RawQuery != "" || u.Fragment != "":
		return refuse(diag.TargetAddress, "the repository's address has a query or fragment")
	}
	open := u.Scheme == "http" && !isLoopback(u.Hostname())
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" {
			return refuse(diag.TargetAddress, "file:// addresses lead to this machine only; write three slashes")
		}
		return localTarget(filepath.FromSlash(u.Path))
	case "ssh":
		return diagnosed(sshTarget(u))
	case "https":
	case "http":
		if open && !allowHTTP {
			return refuse(diag.TargetAddress, "plain http to %s would show the credentials to the network", u.Hostname())
		}
	default:
		return refuse(diag.TargetAddress, "%s:// is not supported", u.Scheme)
	}
	if u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
		return refuse(diag.TargetAddress, "the repository's address has no host or no path")
	}
	return target{url: strings.TrimRight(address, "/"), open: open}, nil
}

// diagnosed is a target, or its refusal as a diagnostic.
func diagnosed(t target, refused *refusal) (target, []diag.Diagnostic) {
	if refused != nil {
		return t, []diag.Diagnostic{refused.diagnostic}
	}
	return t, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// localTarget accepts a bare repository, an empty folder, and a path where there is nothing yet.
func localTarget(path string) (target, []diag.Diagnostic) {
	refuse := func(format string, args ...any) (target, []diag.Diagnostic) {
		return target{}, []diag.Diagnostic{diag.New(diag.TargetNotBare, diag.Pos{File: path}, "", format, args...)}
	}
	entries, err := os.ReadDir(path)
	switch {
	case os.IsNotExist(err) || err == nil && len(entries) == 0:
		return target{path: path}, nil
	case err != nil:
		return refuse("%s cannot be opened as a folder", path)
	}
	if filepath.Base(path) == ".git" {
		return refuse("%s belongs to a checked-out working tree", path)
	}
	if _, err := os.Lstat(filepath.Join(path, ".git")); err == nil {
		return refuse("%s is a checked-out working tree", path)
	}
	if !looksBare(path) {
		return refuse("%s holds something else than a git repository", path)
	}
	return target{path: path}, nil
}

// looksBare asks what git asks.
func looksBare(path string) bool {
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(path, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	info, err := os.Lstat(filepath.Join(path, "HEAD"))
	return err == nil && info.Mode().IsRegular()
}

// branchRef is the full name of the branch to publish to.
func branchRef(branch string) (plumbing.ReferenceName, []diag.Diagnostic) {
	if branch == "" {
		branch = "main"
	}
	ref := plumbing.NewBranchReferenceName(branch)
	if err := ref.Validate(); err != nil || strings.HasPrefix(branch, "-") {
		d := diag.New(diag.TargetAddress, diag.Pos{}, "", "%q cannot be a branch", branch)
		return "", []diag.Diagnostic{d.WithHint("give a branch name such as main")}
	}
	return ref, nil
}

// connect opens the repository that the options name. Without an error among the diagnostics there is an engine.
func connect(o Options) (engine, []diag.Diagnostic, error) {
	ref, diags := branchRef(o.Branch)
	t, more := parseTarget(o.URL, o.Network.AllowHTTP)
	if diags = append(diags, more...); len(diags) > 0 {
		return nil, diags, nil
	}
	if t.open {
		diags = append(diags, diag.New(diag.PlainHTTP, diag.Pos{}, "", "%s is reached over plain http: whoever is on the way can read the token and change what is published", t.url))
	}
	if t.ssh != nil {
		e, err := openSSH(t, ref, o)
		return e, diags, err
	}
	if t.url != "" {
		e, err := openHTTP(t.url, ref, o)
		return e, diags, err
	}
	e, err := openLocal(t.path, ref)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", t.path, err)
	}
	return e, nil, nil
}
