package diag

// Codes of publishing.
const (
	SpaceMissing       Code = "M8001"
	PlatformMismatch   Code = "M8002"
	TargetAddress      Code = "M8003"
	TargetCredential   Code = "M8004"
	TargetNotBare      Code = "M8005"
	ClaimedHost        Code = "M8006"
	ClaimedPath        Code = "M8007"
	ClaimedPort        Code = "M8008"
	RegionLeft         Code = "M8009"
	ExposureDropped    Code = "M8010"
	AppTaken           Code = "M8011"
	InputsTooLarge     Code = "M8012"
	PathInTheWay       Code = "M8013"
	SpaceInUse         Code = "M8014"
	AppTwice           Code = "M8015"
	RecordUnreadable   Code = "M8016"
	InputsNotRecorded  Code = "M8017"
	TargetMoved        Code = "M8018"
	CertificateRefused Code = "M8019"
	AccessDenied       Code = "M8020"
	PushRejected       Code = "M8021"
	PlainHTTP          Code = "M8022"
)

func publishCodes() []Entry {
	return []Entry{
		{SpaceMissing, Error, "the space is not in the repository",
			"An application was published before its space, or to a region that the space does not cover. Only `publish --spaces` writes a space.",
			"publish the platform first: meridian publish --spaces"},
		{PlatformMismatch, Error, "compiled against another platform",
			"The repository records the digest of the platform that was published to it. An application compiled against any other one would bring back rules that were changed, or use some that are not in force yet.",
			"use the platform at its recorded source, or publish yours first: meridian publish --spaces"},
		{TargetAddress, Error, "the repository's address cannot be used",
			"Meridian publishes to a local bare repository, over https and over ssh. Plain http would show the credentials to the network; it is accepted for this machine, and for others with --allow-http.",
			"give the path of a bare repository, or an https:// or ssh:// address"},
		{TargetCredential, Error, "the repository's address contains a credential",
			"An address ends up in logs, shell histories and process lists, and so does a password inside it.",
			"take the user name and the password out of the address and replace them, for they have been seen; give the token with --token-file or in the variable MERIDIAN_TOKEN"},
		{TargetNotBare, Error, "the local path is not a bare git repository",
			"Meridian moves a branch of the repository. Where files of that branch are checked out, they would be left behind and a later commit there would undo what was published.",
			"publish to a bare repository (git init --bare, git clone --bare) or to a path that does not exist yet"},
		{ClaimedHost, Error, "the host belongs to another space",
			"A host belongs to one space in all regions: two spaces under one name could take requests and cookies from each other (S7, S10).",
			"choose another host, or have its holder give it up first"},
		{ClaimedPath, Error, "the host's path belongs to another application",
			"Two applications claim the same path of the same host in a region; which of them would answer is up to the edge.",
			"choose another path or host, or have its holder give it up first"},
		{ClaimedPort, Error, "the port belongs to another application",
			"The region's proxy servers have each port once (S11, S13).",
			"choose another port, or have its holder give it up first"},
		{RegionLeft, Error, "an application or a space would leave a region",
			"An application, or a space of the platform, is in the repository for a region that it no longer selects. Publishing would delete it from that region's cluster.",
			"if that is meant, add --remove-from with the region"},
		{ExposureDropped, Error, "the application would give up a host or a port",
			"The application holds a host or port that it no longer exposes. Publishing would cut off its clients, and somebody else could take the name.",
			"if that is meant, add --remove-from with the region"},
		{AppTaken, Error, "the application belongs to another source",
			"The repository records an application of this name that was published from another repository or folder.",
			"rename the application, or, if it has moved or has been handed over, add --take-over with it"},
		{InputsTooLarge, Error, "the inputs are too large to record",
			"The inputs of an application are stored beside its manifests, so that they can be compiled again: up to 1 MiB.",
			"move large files out of the application's folder"},
		{PathInTheWay, Error, "something else is at a path that Meridian writes",
			"The repository has a symlink, a submodule or a file where Meridian keeps a folder, or a folder where it keeps a file. It was put there by somebody else and is not overwritten.",
			"remove it from the repository by hand"},
		{SpaceInUse, Error, "the space still has applications",
			"The platform no longer has a space, or no longer in a region, while applications are published there. Removing it would delete them with it.",
			"keep the space, or remove its applications first"},
		{AppTwice, Error, "one application is given twice",
			"Two inputs of one run have the same name in the same space; each would overwrite the other.",
			"rename one of them"},
		{RecordUnreadable, Error, "a record in the repository cannot be read",
			"A file below .meridian was changed by hand, damaged, or written by a newer version.",
			"restore the file from the repository's history, or use the version of meridian that wrote it"},
		{InputsNotRecorded, Error, "an application has no recorded inputs",
			"`publish --spaces` compiles every application again from its recorded inputs; this one has none.",
			"publish the application again from its source"},
		{TargetMoved, Error, "the repository's server redirects to another one",
			"The server answers that the repository is elsewhere: on another host or port, or reached otherwise. Credentials belong to the host that they were given for, and what is published somewhere else than meant is lost; so Meridian follows no redirect that leaves the host.",
			"if the new place is the right one, give its address"},
		{CertificateRefused, Error, "the server's certificate is not accepted",
			"The certificate is signed by an unknown authority, has expired, or is for another host. The server may be another one than it says; nothing was sent to it.",
			"if the authority is your organisation's own, give its certificate with --ca-file or in the variable MERIDIAN_CA_FILE"},
		{AccessDenied, Error, "the server does not let these credentials in",
			"The server wants credentials, does not accept those that it got, or does not let them read or write this repository. Many servers say that a repository is not there when the credentials may not see it.",
			"check the address, and that the credentials are valid and may write to this repository"},
		{PushRejected, Error, "the server refuses the push",
			"The commit reached the server, and a rule there declines it: a hook, or the protection of the branch. Nothing was published. A push that only lost a race is tried again, this one would be declined again.",
			"do what the server says, publish to another --branch, or ask whoever administers the repository"},
		{PlainHTTP, Warning, "the repository is reached over plain http",
			"With --allow-http, the token and what is published travel in the clear. Whoever is on the way can read the one and change the other.",
			"give an https:// address, with --ca-file if its authority is your organisation's own"},
	}
}
