package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/meridian-gitops/meridian/diag"
)

// sshKeys are the keys that may be used for logging in.
type sshKeys struct {
	ssh     SSH
	silence time.Duration
	read    map[string]ssh.Signer // by file: decrypting a key is slow by intent
}

// login is what one login has to offer.
type login struct {
	signers []ssh.Signer
	names   []string // of the signers, for messages
	missing []string // why there are no others
	agent   net.Conn
}

func (l *login) close() {
	if l.agent != nil {
		_ = l.agent.Close()
	}
}

func (l *login) add(name string, signer ssh.Signer) {
	l.signers, l.names = append(l.signers, signer), append(l.names, ssh.FingerprintSHA256(signer.PublicKey())+" "+name)
}

func (l *login) has(key ssh.PublicKey) ssh.Signer {
	for _, signer := range l.signers {
		if string(signer.PublicKey().Marshal()) == string(key.Marshal()) {
			return signer
		}
	}
	return nil
}

// login collects keys as ssh does: the one that is named, or those of the agent and then those of the usual files.
func (k *sshKeys) login(ctx context.Context) (*login, error) {
	l := &login{}
	if err := k.ask(ctx, l); err != nil {
		l.missing = append(l.missing, "the agent cannot be used: "+err.Error())
	}
	if k.ssh.Key != "" {
		signer, err := k.file(k.ssh.Key, l)
		if err != nil {
			l.close()
			return nil, unusable(k.ssh.Key, err)
		}
		l.signers, l.names, l.missing = nil, nil, nil
		l.add("of "+k.ssh.Key, signer)
		return l, nil
	}
	for _, name := range k.ssh.Identities {
		signer, err := k.file(name, l)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			l.missing = append(l.missing, name+" "+err.Error())
		case l.has(signer.PublicKey()) == nil:
			l.add("of "+name, signer)
		}
	}
	return l, nil
}

// ask gets the agent's keys.
func (k *sshKeys) ask(ctx context.Context, l *login) error {
	if k.ssh.Agent == "" {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: k.silence}).DialContext(ctx, "unix", k.ssh.Agent)
	if err != nil {
		return err
	}
	l.agent = &watchedConn{conn, k.silence}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	signers, err := agent.NewClient(l.agent).Signers()
	for _, signer := range signers {
		l.add("of the agent", signer)
	}
	return err
}

// file reads a key. One that is encrypted may be in the agent, too, decrypted.
func (k *sshKeys) file(name string, l *login) (ssh.Signer, error) {
	if signer := k.read[name]; signer != nil {
		return signer, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if exposed(info) {
		return nil, &keyError{fmt.Sprintf("can be read by others than its owner: its mode is %04o", info.Mode().Perm()), "chmod 600 " + shellWord(name)}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(data)
	var encrypted *ssh.PassphraseMissingError
	if errors.As(err, &encrypted) {
		if encrypted.PublicKey != nil && l.has(encrypted.PublicKey) != nil {
			return l.has(encrypted.PublicKey), nil // its connection ends with the login: it is not kept
		}
		signer, err = k.decrypt(data)
	}
	if err != nil {
		return nil, worded(err)
	}
	k.read[name] = signer
	return signer, nil
}

func (k *sshKeys) decrypt(data []byte) (ssh.Signer, error) {
	const fix = "give the passphrase in the variable MERIDIAN_SSH_PASSPHRASE, or add the key to the agent: ssh-add"
	if k.ssh.Passphrase == "" {
		return nil, &keyError{"is encrypted, and no passphrase is given", fix}
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(data, []byte(k.ssh.Passphrase))
	if err != nil {
		return nil, &keyError{"is encrypted, and the passphrase is not the right one", fix}
	}
	return signer, nil
}

// keyError is a file that cannot be used as a key: words that follow its name, and what to do, if anything special.
type keyError struct{ text, fix string }

func (e *keyError) Error() string { return e.text }

// worded says of a file what it lacks; the parser's own words may repeat some of it.
func worded(err error) error {
	var known *keyError
	if errors.As(err, &known) {
		return err
	}
	return &keyError{text: "holds no private key that can be used"}
}

// unusable is the refusal of the key that was named.
func unusable(name string, err error) error {
	var key *keyError
	switch {
	case errors.As(err, &key) && key.fix != "":
		return refuse(diag.SSHKeyUnusable, "%s %s", name, key.text).hint("%s", key.fix)
	case errors.As(err, &key):
		return refuse(diag.SSHKeyUnusable, "%s %s", name, key.text)
	case errors.Is(err, fs.ErrNotExist):
		return refuse(diag.SSHKeyUnusable, "the ssh key %s is not there", name)
	}
	return refuse(diag.SSHKeyUnusable, "the ssh key cannot be read: %s", err)
}

// maxNamedKeys is how many keys a message lists.
const maxNamedKeys = 5

// failure tells why a host that is believed let nobody in.
func (l *login) failure(url string, err error) error {
	switch {
	case lost(err):
		return err
	case len(l.signers) == 0 && len(l.missing) > 0:
		return refuse(diag.SSHKeyUnusable, "there is no key to log in to %s with: %s", url, strings.Join(l.missing, "; "))
	case len(l.signers) == 0:
		return refuse(diag.SSHKeyUnusable, "there is no key to log in to %s with", url)
	}
	names := l.names
	if len(names) > maxNamedKeys {
		names = append(names[:maxNamedKeys:maxNamedKeys], fmt.Sprintf("and %d more", len(l.names)-maxNamedKeys))
	}
	const hint = "have the public key registered with the server for this repository, or give another one with --ssh-key"
	if strings.Contains(err.Error(), "Too many authentication failures") {
		return refuse(diag.AccessDenied, "%s wants to see no more keys after these: %s", url, strings.Join(names, ", ")).
			hint("give the right key with --ssh-key: then no other is offered")
	}
	if len(names) > 1 {
		return refuse(diag.AccessDenied, "%s accepts none of these keys: %s", url, strings.Join(names, ", ")).hint(hint)
	}
	return refuse(diag.AccessDenied, "%s does not accept the key %s", url, names[0]).hint(hint)
}
