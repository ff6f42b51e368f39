package diag

// Codes of signatures.
const (
	KeyUnusable    Code = "M8076"
	CommitUnsigned Code = "M8077"
	SignerUnknown  Code = "M8078"
	SignatureBad   Code = "M8079"
)

func signCodes() []Entry {
	return []Entry{
		{KeyUnusable, Error, "a key for signatures cannot be used",
			"A key to sign with is missing, may be read by others, wants a passphrase that is not given or is another one, or is of a kind that is not supported; or a public key among the platform's signers is none. Nothing of a private key is ever shown.",
			"give a private key of SSH (ed25519, ECDSA, RSA) or OpenPGP, readable by its owner alone, and its passphrase in the variable MERIDIAN_SIGN_PASSPHRASE"},
		{CommitUnsigned, Error, "a commit is not signed",
			"The platform names signers (`repository: signers`), so every commit to the repository is signed by one of them. This one has no signature, or would have none: nobody can tell who made it.",
			"sign: meridian publish --sign-key FILE, or --sign for the key of git's configuration"},
		{SignerUnknown, Error, "a commit is signed by a key that is not among the signers",
			"The signature is made with a key that the platform in force before the commit does not name. A commit that changes the signers is signed by one who is named before it and after it.",
			"sign with a key of one of the signers, or have the platform's team add it to repository: signers"},
		{SignatureBad, Error, "a commit's signature is wrong",
			"The signature does not fit the commit: the commit was changed after it was signed, the signature was taken from another one, or it is of a kind that does not count (SHA-1, another namespace than git, a key that had expired when it signed).",
			"find out who made the commit; publish again from the source, signed"},
	}
}
