package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/signature"
)

// mostKey is how many bytes of a key file are read.
const mostKey = 1 << 20

// signKey is the key to sign with; nil when the commit is not to be signed.
func (c *cli) signKey(f authorshipFlags, config publish.GitConfig, when time.Time) (*signature.Key, error) {
	if f.sign && f.keyFlag.Changed {
		return nil, usageError{errors.New("give --sign or --sign-key, not both")}
	}
	if f.sign {
		return c.configuredKey(config)
	}
	if f.signKey == "" {
		return nil, nil
	}
	key, err := c.keyFile(f.signKey)
	if err == nil {
		if problem := key.Usable(when); problem != nil {
			err = c.unusable(f.signKey, "", "%v", problem)
		}
	}
	return key, err
}

// unusable reports a key that cannot be used. Nothing of a private key may be among args.
func (c *cli) unusable(file, hint, format string, args ...any) error {
	d := diag.New(diag.KeyUnusable, diag.Pos{File: file}, "", format, args...)
	if hint != "" {
		d = d.WithHint("%s", hint)
	}
	return c.report([]diag.Diagnostic{d}, nil)
}

// configuredKey is the key that git would sign with. What is under gpg is not at hand without gpg.
func (c *cli) configuredKey(config publish.GitConfig) (*signature.Key, error) {
	elsewhere := ""
	if config.Included {
		elsewhere = "; files that git's configuration includes are not read"
	}
	switch format := strings.ToLower(config.Get("gpg.format")); format {
	case "ssh":
	case "", "openpgp":
		return nil, c.unusable("", "give the key itself with --sign-key: gpg --armor --export-secret-keys KEY",
			"git's configuration signs with OpenPGP, whose keys only gpg can reach%s", elsewhere)
	default:
		return nil, c.unusable("", "set gpg.format to ssh and user.signingKey to a key, or give --sign-key", "git's configuration signs with gpg.format %q, which is not supported", format)
	}
	name := config.Get("user.signingkey")
	line, literal := strings.CutPrefix(name, "key::")
	switch {
	case name == "":
		return nil, c.unusable("", "set user.signingKey to the file of an SSH key, or give --sign-key", "git's configuration names no user.signingKey%s", elsewhere)
	case literal || strings.HasPrefix(name, "ssh-"):
		return c.agentKey("", []byte(line), "")
	case strings.HasPrefix(name, "~/"):
		name = filepath.Join(c.Getenv("HOME"), name[2:])
	}
	return c.keyFile(name)
}

// keyFile reads a file with a private key, or with the public one of a key that the agent has or that lies beside it.
func (c *cli) keyFile(file string) (*signature.Key, error) {
	text, err := readKey(file)
	var open *openKeyError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, c.unusable(file, "", "there is no such file")
	case errors.As(err, &open):
		return nil, c.unusable(file, "chmod 600 it, and replace the key if others may have read it", "others may read the private key (mode %04o)", open.mode)
	case err != nil:
		return nil, usageError{fmt.Errorf("read the key: %w", err)}
	}
	if !isPrivate(text) && !strings.HasPrefix(string(text), "-----BEGIN ") {
		return c.agentKey(file, text, strings.TrimSuffix(file, ".pub"))
	}
	key, err := signature.ParseKey(text, []byte(c.Getenv("MERIDIAN_SIGN_PASSPHRASE")))
	var encrypted *signature.EncryptedError
	switch {
	case errors.As(err, &encrypted):
		if signer := c.inAgent(encrypted.Public); signer != nil {
			return signature.SSHKey(signer)
		}
		return nil, c.unusable(file, "put it into the variable MERIDIAN_SIGN_PASSPHRASE, or an SSH key into the agent (ssh-add)", "the key is encrypted, and no passphrase is given")
	case err != nil:
		return nil, c.unusable(file, "", "the key cannot be used: %v", err)
	}
	return key, nil
}

// agentKey is a key that is named by its public part; private is a file that may have the private one, or empty.
func (c *cli) agentKey(file string, text []byte, private string) (*signature.Key, error) {
	public, err := signature.ParsePublic(text)
	if err != nil {
		return nil, c.unusable(file, "", "the key cannot be used: %v", err)
	}
	if signer := c.inAgent(public); signer != nil {
		return signature.SSHKey(signer)
	}
	if private != "" && private != file && exists(private) {
		return c.keyFile(private)
	}
	return nil, c.unusable(file, "ssh-add the key, and see that SSH_AUTH_SOCK leads to that agent", "the agent does not hold the key %s", ssh.FingerprintSHA256(public))
}

// openKeyError is a private key that others may read.
type openKeyError struct{ mode fs.FileMode }

func (e *openKeyError) Error() string { return "others may read it" }

func isPrivate(text []byte) bool { return strings.Contains(string(text), "PRIVATE KEY") }

// readKey reads a key's file, and refuses a private one that ssh would refuse.
func readKey(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, mostKey))
	if err != nil {
		return nil, err
	}
	if isPrivate(text) && open(info) {
		return nil, &openKeyError{info.Mode().Perm()}
	}
	return text, nil
}
