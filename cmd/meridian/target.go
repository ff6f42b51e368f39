package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/publish"
)

// targetFlags say where the GitOps repository is and how to get in.
type targetFlags struct {
	url       string
	branch    string
	username  string
	tokenFile string
	caFile    string
	allowHTTP bool
	cache     string

	sshKey     string
	knownHosts string
}

// targetFlagNames are the flags beside the one that names the repository.
func targetFlagNames() []string {
	return []string{"branch", "username", "token-file", "ca-file", "allow-http", "ssh-key", "known-hosts", "cache"}
}

func (t *targetFlags) register(cmd *cobra.Command, name string) {
	const kinds = "a local bare repository's path, file://, https://, ssh:// or user@host:path"
	what := "the GitOps `REPOSITORY`: " + kinds
	if name == "against" {
		what = "`TARGET`: a folder that build -o wrote, or the GitOps repository: " + kinds
	}
	flags := cmd.Flags()
	flags.StringVar(&t.url, name, "", what)
	flags.StringVar(&t.branch, "branch", "main", "the repository's `BRANCH`")
	flags.StringVar(&t.username, "username", "", "user `NAME` for https (default: what servers accept beside a token)")
	flags.StringVar(&t.tokenFile, "token-file", "", "`FILE` with the token for https (default: the variable MERIDIAN_TOKEN)")
	flags.StringVar(&t.caFile, "ca-file", "", "`FILE` with certificates (PEM) of authorities to trust for https, beside the system's (default: $MERIDIAN_CA_FILE, or $GIT_SSL_CAINFO)")
	flags.BoolVar(&t.allowHTTP, "allow-http", false, "accept plain http:// to another machine, where anyone on the way can read the token")
	flags.StringVar(&t.sshKey, "ssh-key", "", "`FILE` with the private key for ssh (default: $MERIDIAN_SSH_KEY, or the keys of the agent and of ~/.ssh)")
	flags.StringVar(&t.knownHosts, "known-hosts", "", "`FILE` of the ssh hosts that are believed (default: $MERIDIAN_KNOWN_HOSTS, or ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)")
	flags.StringVar(&t.cache, "cache", "", "`DIR` that keeps what is fetched from a remote repository, or off (default: $MERIDIAN_CACHE, or meridian in the user's cache folder)")
}

// publishOptions are the options that reading and writing share.
func (c *cli) publishOptions(t targetFlags) (publish.Options, error) {
	options := publish.Options{URL: t.url, Branch: t.branch, Auth: publish.Auth{Username: t.username, Token: c.Getenv("MERIDIAN_TOKEN")}, MeridianVersion: version()}
	if t.tokenFile != "" {
		data, err := os.ReadFile(t.tokenFile)
		if err != nil {
			return options, usageError{fmt.Errorf("read token: %w", err)}
		}
		options.Auth.Token = strings.TrimSpace(string(data))
	}
	if t.branch == "" || strings.ContainsAny(t.branch, " ~^:?*[\\") || slices.Contains(strings.Split(t.branch, "/"), "") {
		return options, usageError{fmt.Errorf("%q is not a branch name", t.branch)}
	}
	options.SSH = c.ssh(t)
	var err error
	options.Cache = c.cacheFolder(t.cache)
	options.Network, err = c.network(t)
	return options, err
}

// ssh is how to log in to a remote over ssh, and the files of those that are believed.
func (c *cli) ssh(t targetFlags) publish.SSH {
	s := publish.SSH{
		Key:        c.otherwise(t.sshKey, "MERIDIAN_SSH_KEY"),
		Agent:      c.Getenv("SSH_AUTH_SOCK"),
		Passphrase: c.Getenv("MERIDIAN_SSH_PASSPHRASE"),
	}
	home := c.getenv("HOME", c.Getenv("USERPROFILE"))
	if home != "" {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			s.Identities = append(s.Identities, filepath.Join(home, ".ssh", name))
		}
		s.KnownHosts = append(s.KnownHosts, filepath.Join(home, ".ssh", "known_hosts"))
	}
	s.KnownHosts = append(s.KnownHosts, "/etc/ssh/ssh_known_hosts")
	if file := c.otherwise(t.knownHosts, "MERIDIAN_KNOWN_HOSTS"); file != "" {
		s.KnownHosts = []string{file}
	}
	return s
}

// otherwise is a flag's value, or that of a variable.
func (c *cli) otherwise(flag, variable string) string {
	if flag != "" {
		return flag
	}
	return c.Getenv(variable)
}

// network is how to reach a remote: what flags say, and what the environment says to every program.
func (c *cli) network(t targetFlags) (publish.Network, error) {
	either := func(name string) string { return c.getenv(name, c.Getenv(strings.ToLower(name))) }
	n := publish.Network{
		Proxies:   publish.Proxies{HTTP: either("HTTP_PROXY"), HTTPS: either("HTTPS_PROXY"), No: either("NO_PROXY")},
		AllowHTTP: t.allowHTTP,
	}
	if c.Getenv("REQUEST_METHOD") != "" {
		n.Proxies.HTTP = c.Getenv("http_proxy") // in a CGI program the other one is a header that the client chose
	}
	file := t.caFile
	if file == "" {
		file = c.getenv("MERIDIAN_CA_FILE", c.Getenv("GIT_SSL_CAINFO"))
	}
	if file == "" || !strings.HasPrefix(t.url, "https://") {
		return n, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return n, usageError{fmt.Errorf("read the CA file: %w", err)}
	}
	n.CA = data
	return n, nil
}
