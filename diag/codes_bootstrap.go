package diag

// Codes of bootstrap, which says how clusters sync from the repository.
const (
	SyncRepositoryMissing Code = "M8090"
	SyncSecretMissing     Code = "M8091"
	SyncNameTaken         Code = "M8092"
	SyncUnprotected       Code = "M8093"
)

func bootstrapCodes() []Entry {
	return []Entry{
		{SyncRepositoryMissing, Error, "the platform does not say where the repository is",
			"The clusters must be told where they read from. It need not be the address that is published to.",
			`give it in the platform: sync: repository: "https://HOST/PATH"`},
		{SyncSecretMissing, Error, "a repository behind ssh has no credential",
			"Nobody reads over ssh without a key, and Flux refuses a host whose key it was not told.",
			`name the Secret with the keys identity and known_hosts in the platform: sync: secret: "NAME"`},
		{SyncNameTaken, Error, "two sync objects would have one name",
			"A space's sync objects are named like its namespace, those of `bootstrap` after sync.name, and they lie in one namespace of the cluster.",
			"choose another sync.name"},
		{SyncUnprotected, Warning, "the repository is read without protection",
			"What the clusters read is what they run. Over plain http anybody on the way can replace it. Inside the cluster and on the same machine that is nobody else.",
			"use an https:// or ssh:// address"},
	}
}
