package diag

// Codes of the commands over what is published.
const (
	FileEdited       Code = "M8030"
	FileMissing      Code = "M8031"
	FileStray        Code = "M8032"
	EdgeWrong        Code = "M8033"
	ClaimOrphaned    Code = "M8034"
	ClaimMissing     Code = "M8035"
	OtherVersion     Code = "M8036"
	InputsEdited     Code = "M8037"
	RecordMissing    Code = "M8038"
	NothingPublished Code = "M8039"
	AppUnknown       Code = "M8040"
	StillCalled      Code = "M8041"
	SpaceUnknown     Code = "M8042"
	SpaceDeclared    Code = "M8043"
	CommitUnknown    Code = "M8044"
	NothingBefore    Code = "M8045"
	RollbackDiffers  Code = "M8046"
	ChangedMeanwhile Code = "M8047"
)

func repositoryCodes() []Entry {
	const repair = "run meridian verify --repair, or publish the change from its source"
	return []Entry{
		{FileEdited, Error, "a file is not what was published",
			"A file that Meridian owns was changed in the repository by hand or by another tool. The next publication of it would undo that; until then the clusters run what nobody's source says.",
			repair},
		{FileMissing, Error, "a file that was published is gone",
			"A file that the recorded inputs give is not in the repository, so that the clusters delete the object, or have deleted it.",
			repair},
		{FileStray, Error, "a file that nobody published",
			"A file lies in a folder that Meridian owns, and no recorded input gives it. What syncs the folder applies it; publishing again removes it from an application's or space's folder.",
			"move it out of Meridian's folders, or run meridian verify --repair, which removes it"},
		{EdgeWrong, Error, "a region's aggregate is not what the claims give",
			"The files of regions/<region>/edge are computed from the claims of all applications. This one leads clients elsewhere, or not at all (S11, S13).",
			"run meridian verify --repair"},
		{ClaimOrphaned, Error, "a claim that no application holds",
			"A host or port is recorded for an application that does not exist or does not use it, so that nobody else can have it.",
			"run meridian verify --repair, which gives it free"},
		{ClaimMissing, Error, "a claim of an application is not recorded",
			"An application uses a host or port that the repository does not record for it, so that another application could take it.",
			"run meridian verify --repair, which records it"},
		{OtherVersion, Error, "written by another version of Meridian",
			"The manifests were written by another version of Meridian and differ from what this one makes of the same inputs. Whether somebody changed them cannot be told.",
			"verify with the version that wrote them, or bring everything up to this one: meridian publish --spaces"},
		{InputsEdited, Error, "the recorded inputs were changed",
			"The record holds a digest of the inputs, and they do not have it any more: they were changed in the repository. What was published cannot be told from them.",
			"publish again from the source"},
		{RecordMissing, Error, "an application without a record",
			"There are manifests or inputs of an application, and no readable record of who published it. They are left alone.",
			"publish the application again from its source, or remove it: meridian remove"},
		{NothingPublished, Error, "no platform was published to the repository",
			"The repository, or its branch, holds no .meridian/platform.yaml, so that there is nothing to compare or to work on.",
			"check the repository's address and --branch; publish the platform first: meridian publish --spaces"},
		{AppUnknown, Error, "there is no such application in the repository",
			"The branch holds no record and no manifests of an application of this space and name.",
			"give SPACE/NAME or NAMESPACE/NAME as below .meridian/apps; check --branch"},
		{StillCalled, Error, "another application calls it",
			"Removing an application breaks those that call it. They are known from their recorded inputs.",
			"have its callers drop the call first, or, if they may fail, add --break-callers"},
		{SpaceUnknown, Error, "there is no such space in the repository",
			"No region of the branch holds a folder of this space, or a sync object for it.",
			"give the space's name, or its namespace as below regions/<region>/spaces; check --branch"},
		{SpaceDeclared, Warning, "the platform still declares the space",
			"A space was removed from the repository that the platform in force declares: publishing the platform writes it again, and verify misses it until then.",
			"take the space out of the platform and publish it: meridian publish --spaces"},
		{CommitUnknown, Error, "there is no such commit on the branch",
			"A rollback goes to a commit in the history of the branch of the GitOps repository, not of the source.",
			"give a hash, or 7 digits or more of its beginning, that meridian log prints"},
		{NothingBefore, Error, "there is no version to go back to",
			"The application was not in the repository then, or has been changed only once: when it came.",
			"choose a commit from meridian log, or remove the application: meridian remove"},
		{RollbackDiffers, Error, "the platform makes other manifests of it than then",
			"A rollback compiles the inputs of then with the platform in force, whose rules, registries or defaults have changed since: what comes out is not what ran then.",
			"read what differs; if that is meant, add --yes"},
		{ChangedMeanwhile, Error, "the application has changed meanwhile",
			"A rollback undoes the last change. While it was on its way another one came: that one is not undone unseen.",
			"look at meridian log; then run it again, or name the version to go back to with --commit"},
	}
}
