package diag

// Codes of what is not trusted: evaluation in a child, and the guard.
const (
	EvaluationTooLong Code = "M8060"
	EvaluationDied    Code = "M8061"
	PathNotOwned      Code = "M8062"
	PlatformNotOwned  Code = "M8063"
	PathOfNobody      Code = "M8064"
	EntryRefused      Code = "M8065"
	ObjectTooLarge    Code = "M8066"
	BranchRewritten   Code = "M8067"
	TreeDiffers       Code = "M8068"
	ClaimDiffers      Code = "M8069"
	EdgeDiffers       Code = "M8070"
	GuardOtherVersion Code = "M8071"
	RecordRefused     Code = "M8072"
	NoPlatformYet     Code = "M8073"
	NameHeldTwice     Code = "M8074"
)

func trustCodes() []Entry {
	return []Entry{
		{EvaluationTooLong, Error, "the evaluation takes too long",
			"With --untrusted, CUE is evaluated in a process of its own that is ended after --evaluation-timeout, by default eight seconds. An application needs a few thousandths of one; references that multiply, or a comprehension over a huge list, need for ever.",
			"find what multiplies: references of references, comprehensions inside each other; --evaluation-timeout allows more time"},
		{EvaluationDied, Error, "the evaluation needs too much memory, or crashes",
			"With --untrusted, CUE is evaluated in a process of its own with 768 MiB of memory. What is nested by the hundred thousand, repeats strings into gigabytes, or meets a fault of the evaluator ends that process and nothing else.",
			"make the file smaller and flatter; if it is an ordinary one, report it"},
		{PathNotOwned, Error, "an application of somebody else's is changed",
			"The guard admits changes of an application, its record and its inputs to the publishers of its space, which the platform in force names (`spaces.<space>.publishers`), and to administrators. What the pushed commits say of it does not count.",
			"leave it out of the push, or have the platform's team name you as a publisher of the space"},
		{PlatformNotOwned, Error, "the platform is changed by somebody who is no administrator",
			"Spaces, what the clusters sync, and the platform's own record and files belong to those whom the platform in force names as `admins`: whoever could change them could make themselves a publisher of anything.",
			"leave it out of the push, and ask the platform's team for the change"},
		{PathOfNobody, Error, "a file that no application and no space has",
			"A file lies outside of everything that Meridian writes, where nobody's rights are known: administrators may change it, and others where --allow-path says so, which it cannot within Meridian's own folders.",
			"leave it out of the push, ask an administrator to make it, or have the guard run with --allow-path"},
		{EntryRefused, Error, "something in the commit is no ordinary file or folder",
			"A symlink, a submodule, an executable manifest, a name such as .. or .git, control characters, entries out of order: git stores what leads elsewhere when it is checked out, and whatever syncs the repository would follow it. The guard refuses it before it reads anything.",
			"make the commit again without it"},
		{ObjectTooLarge, Error, "something in the commit is too large",
			"A file in Meridian's folders or the inputs of an application have more than 1 MiB, a file elsewhere has more than 10 MiB, a folder's list of names has more than 64 MiB, a commit has more than 1 MiB, or more than a million files change at once. The guard refuses it before it reads it.",
			"make it smaller; publish in several commits"},
		{BranchRewritten, Error, "the guarded branch would lose commits",
			"The branch was to be deleted or moved to commits that do not build on the present ones, along first parents; clusters would go back to what was, and nobody would know who changed what. References below refs/replace, which show one object in place of another, are refused as well.",
			"build on the branch's present head: publish again, or merge into it"},
		{TreeDiffers, Error, "a file is not what the recorded inputs give",
			"The guard compiles the inputs that a commit records with the platform that it records, and the commit must hold just that: no manifest edited by hand, none too many, none missing, no inputs without their manifests.",
			"change the application's source and publish that: meridian publish"},
		{ClaimDiffers, Error, "the claims are not those of the recorded inputs",
			"A host or port is recorded that the application does not use, or used and not recorded, or the record was written by hand. Two applications could get one name.",
			"publish the application: meridian publish writes both"},
		{EdgeDiffers, Error, "an aggregate is not what the claims give",
			"The files of regions/<region>/edge are computed from the claims of all applications; this one would lead clients elsewhere.",
			"publish the application: meridian publish computes them; for pull requests the guard has --edge-later"},
		{GuardOtherVersion, Error, "written by another version of Meridian than the guard's",
			"The commit was written by another version of Meridian, and the guard's makes something else of the same inputs, so that it cannot tell whether anything was edited.",
			"publish with the guard's version, or bring the guard up to yours"},
		{RecordRefused, Error, "a record does not belong to what it lies with",
			"An application's record cannot be read, names another application than its folder, has no inputs or those of another application, says of an earlier version that it was made of other inputs than those beside it, or names a platform that was not in force.",
			"publish the application: meridian publish writes its record"},
		{NoPlatformYet, Error, "no platform is in force that says who may publish",
			"Who may push what is read from the platform that the repository holds. Before there is one, the first push must come from somebody whom it names in `admins`, or be let in with --bootstrap.",
			"name yourself in the platform's admins and publish it first, or run the guard with --bootstrap for the first push"},
		{NameHeldTwice, Error, "a host, path or port would be held twice",
			"The commit has an application use a name that another application, or another space, holds in the commit before.",
			"choose another name, or have its holder give it up first"},
	}
}
