package diag

// Codes of reaching a repository over ssh.
const (
	HostUnknown    Code = "M8023"
	HostKeyChanged Code = "M8024"
	SSHKeyUnusable Code = "M8025"
)

func sshCodes() []Entry {
	return []Entry{
		{HostUnknown, Error, "the ssh host is not known",
			"The server's host key is in none of the files of known hosts, so that there is no telling whether it is the right server. Nothing was sent to it. Meridian never adds a key by itself.",
			"compare the fingerprint with the one that the host's administrators give, and add the key with ssh-keyscan to a file of known hosts (~/.ssh/known_hosts, or that of --known-hosts)"},
		{HostKeyChanged, Error, "the ssh host's key is not the known one",
			"The server shows another key than the files of known hosts have for it, one that is revoked there, or a certificate that is not valid. Another machine may be in its place; nothing was sent to it.",
			"ask the host's administrators whether its key has changed, and compare fingerprints before you replace the old one"},
		{SSHKeyUnusable, Error, "there is no ssh key that can be used",
			"Over ssh Meridian logs in with the key of --ssh-key, or with the keys of the agent and of the usual files. The file is not there, holds no private key, is encrypted, or can be read by others; or there is no key at all.",
			"give a private key with --ssh-key or in the variable MERIDIAN_SSH_KEY, or add it to the agent (SSH_AUTH_SOCK): ssh-add"},
	}
}
