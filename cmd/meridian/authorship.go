package main

import (
	"fmt"
	"net/mail"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meridian-gitops/meridian/publish"
)

// authorshipFlags say who makes a commit, and with which key it is signed.
type authorshipFlags struct {
	author    string
	committer string
	signKey   string
	sign      bool
	keyFlag   *pflag.Flag
}

func (f *authorshipFlags) register(cmd *cobra.Command, c *cli) {
	flags := cmd.Flags()
	flags.StringVar(&f.author, "author", "", "the commit's `AUTHOR`: \"Name <address>\" (default: GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL, or what CI or git's configuration say)")
	flags.StringVar(&f.committer, "committer", "", "the commit's `COMMITTER`: \"Name <address>\" (default: GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL, or what CI or git's configuration say)")
	flags.StringVar(&f.signKey, "sign-key", c.Getenv("MERIDIAN_SIGN_KEY"), "`FILE` of the private key to sign the commit with: SSH, or OpenPGP, armored; or of the public SSH key of one that the agent holds (default: $MERIDIAN_SIGN_KEY; its passphrase: $MERIDIAN_SIGN_PASSPHRASE)")
	flags.BoolVar(&f.sign, "sign", false, "sign the commit with the SSH key of git's configuration (gpg.format ssh, user.signingKey)")
	f.keyFlag = flags.Lookup("sign-key")
	f.keyFlag.DefValue = "" // help is the same everywhere
}

const authorshipHelp = `

Author and committer are those of --author and --committer, or of the variables
that git reads (GIT_AUTHOR_NAME …), or whoever started the CI job (GitHub
Actions, GitLab CI), or those of git's configuration; the time is that of
SOURCE_DATE_EPOCH, or now. --sign-key or --sign sign the commit, as a platform
that names signers demands.`

// person is who somebody is, as far as it is known.
type person struct{ name, email string }

// or fills in what is not known.
func (p person) or(other person) person {
	if p.name == "" {
		p.name = other.name
	}
	if p.email == "" {
		p.email = other.email
	}
	return p
}

// authorship fills in who makes the commit: what flags say, or what the environment tells git, or CI, or git's
// configuration.
func (c *cli) authorship(o *publish.Options, f authorshipFlags) error {
	when, err := c.commitTime()
	if err != nil {
		return err
	}
	config, err := c.gitConfig()
	if err != nil && f.sign {
		return err // otherwise what cannot be read says nothing
	}
	for _, role := range []struct {
		flag, given, variables, section string
		into                            *publish.Signature
	}{
		{"author", f.author, "GIT_AUTHOR", "author", &o.Author},
		{"committer", f.committer, "GIT_COMMITTER", "committer", &o.Committer},
	} {
		who, err := flagPerson(role.flag, role.given)
		if err != nil {
			return err
		}
		who = who.or(person{c.Getenv(role.variables + "_NAME"), c.Getenv(role.variables + "_EMAIL")}).or(c.ciPerson()).
			or(person{config.Get(role.section + ".name"), config.Get(role.section + ".email")}).
			or(person{config.Get("user.name"), config.Get("user.email")}).
			or(person{"Meridian", "meridian@localhost"})
		*role.into = publish.Signature{Name: who.name, Email: who.email, When: when}
	}
	o.Retimed = c.Getenv("SOURCE_DATE_EPOCH") == ""
	o.SignKey, err = c.signKey(f, config, when)
	return err
}

func flagPerson(flag, text string) (person, error) {
	if text == "" {
		return person{}, nil
	}
	address, err := mail.ParseAddress(text)
	if err != nil {
		return person{}, usageError{fmt.Errorf(`--%s wants "Name <address>": %w`, flag, err)}
	}
	if address.Name == "" {
		return person{}, usageError{fmt.Errorf(`--%s wants "Name <address>": there is no name in %q`, flag, text)}
	}
	return person{address.Name, address.Address}, nil
}

// ciPerson is whoever started the CI job. GitHub does not tell their address, and takes one of this form for theirs.
func (c *cli) ciPerson() person {
	switch {
	case c.Getenv("GITHUB_ACTIONS") == "true" && c.Getenv("GITHUB_ACTOR") != "":
		actor, host := c.Getenv("GITHUB_ACTOR"), "github.com"
		if server, err := url.Parse(c.Getenv("GITHUB_SERVER_URL")); err == nil && server.Hostname() != "" {
			host = server.Hostname()
		}
		local := actor
		if id := c.Getenv("GITHUB_ACTOR_ID"); id != "" {
			local = id + "+" + actor
		}
		return person{actor, local + "@users.noreply." + host}
	case c.Getenv("GITLAB_CI") == "true":
		return person{c.Getenv("GITLAB_USER_NAME"), c.Getenv("GITLAB_USER_EMAIL")}
	}
	return person{}
}

// gitConfig reads the user's configuration of git, and that of the repository of the working folder over it.
func (c *cli) gitConfig() (publish.GitConfig, error) {
	files := c.userConfigFiles()
	if sources, err := publish.OpenSources("."); err == nil {
		files = append(files, sources.ConfigFile())
		if err := sources.Close(); err != nil {
			return publish.GitConfig{}, err
		}
	}
	return publish.ReadGitConfig(files...)
}

// userConfigFiles are where git looks.
func (c *cli) userConfigFiles() []string {
	if file := c.Getenv("GIT_CONFIG_GLOBAL"); file != "" {
		return []string{file}
	}
	home := c.Getenv("HOME")
	var files []string
	if dir := c.Getenv("XDG_CONFIG_HOME"); dir != "" {
		files = append(files, filepath.Join(dir, "git", "config"))
	} else if home != "" {
		files = append(files, filepath.Join(home, ".config", "git", "config"))
	}
	if home != "" {
		files = append(files, filepath.Join(home, ".gitconfig"))
	}
	return files
}
