// Package signature signs git commits and verifies such signatures, as git, ssh-keygen and gpg do.
//
// In: a commit's bytes, and keys as data: private ones in OpenSSH's, PEM or armored OpenPGP form, public ones as lines
// of .pub files or armored, and for a key in an agent a value that signs. Out: a signature in the form that stands in
// the commit's gpgsig header, or the name of whoever made one. SSH signatures are those of OpenSSH's PROTOCOL.sshsig
// (namespace git, SHA-512), OpenPGP ones are detached binary signatures (RFC 9580).
//
// # What it refuses
//
// SSH certificates and certificate authorities, DSA, SHA-1, RSA keys of fewer than 2048 bits, a private key where a
// public one belongs, and X.509. It reads no file, socket, clock or environment, runs neither gpg nor ssh-keygen, and no
// error of it repeats anything of a private key or a passphrase.
//
// # Reproducible
//
// The same bytes, key and time make the same signature with every key that is given as data, ECDSA included (RFC 6979).
// It is otherwise with keys that an agent holds, which does not promise that for ECDSA and, being counted, cannot for
// keys of security devices (sk-…), and with OpenPGP keys of ECDSA and of version 6, whose signatures hold random numbers.
package signature
