package diag

// Codes of the guards of publishing: what is possible and rarely meant wants a flag that names it.
const (
	OlderSource        Code = "M8050"
	SourceOrderUnknown Code = "M8051"
	MassRemovalRefused Code = "M8052"
	EmptyResult        Code = "M8053"
	AutoscalerGap      Code = "M8054"
	AppMoved           Code = "M8055"
	RenameUnclear      Code = "M8056"
	SpaceGone          Code = "M8057"
	HostOverlaps       Code = "M8058"
	EntryRenamed       Code = "M8059"
)

func guardCodes() []Entry {
	return []Entry{
		{OlderSource, Error, "an older commit of the source over a newer one",
			"The application is published from a commit that the published one comes from, or that was made earlier: a job that was overtaken by a later one, or was run again. Publishing it would bring back what has been changed since.",
			"publish the newest commit; to go back, run meridian rollback; if the older commit is meant, add --allow older-source"},
		{SourceOrderUnknown, Error, "it is not known which commit of the source is newer",
			"The commit that is published has no recorded time, or the one at hand has none, and the clone of the source does not hold both: it is shallow, or there is none. Jobs that run at the same time may end in any order.",
			"check the source out with its history: fetch-depth: 0 (GitHub), GIT_DEPTH: 0 (GitLab), git fetch --unshallow; or, if this commit is the newer one, add --allow older-source"},
		{MassRemovalRefused, Error, "a large part of a region would be removed",
			"One call would remove more than 50 objects of a region, and more than a tenth of all that it has. That is seldom meant, and the region's cluster would delete all of them at once.",
			"see what goes with --dry-run --allow mass-removal; if it is meant, add --allow mass-removal"},
		{EmptyResult, Error, "there is nothing to publish where there was something",
			"A platform without spaces is a folder that was emptied, or a file that is missing, more often than the end of all applications.",
			"check the platform's files; if that is meant, add --allow empty"},
		{AutoscalerGap, Error, "the number of pods may fall to one",
			"A Deployment that has replicas comes under an autoscaler. The manifest then states no number, the next sync gives the field up, and Kubernetes takes its default of 1 for it; the autoscaler brings the pods back one after another.",
			"if one pod may carry the load for a while, add --allow autoscale-gap; without a gap: docs/repository.md, \"Coming under an autoscaler\""},
		{AppMoved, Error, "the application was published under another name",
			"An application that is new comes from the repository and path of one that is recorded. Objects cannot be renamed: the clusters run both, or delete the old one and start the new.",
			"if it was renamed or moved, add --rename-from with the old one; if both are meant, add --allow same-source"},
		{RenameUnclear, Error, "it is not clear what is renamed",
			"--rename-from names an application of the repository that goes because one of those published is the same under another name. There must be such a one, and it must be clear which it has become.",
			"name a recorded application, SPACE/NAME, and publish only the one that it has become"},
		{SpaceGone, Error, "a space would be deleted",
			"The platform no longer has a space that is in the repository. Publishing would delete its roles, policies and quota in every region; the namespace and its secrets stay.",
			"if that is meant, add --remove-space with the space"},
		{HostOverlaps, Error, "a host and a wildcard of two spaces",
			"A wildcard host answers for every name of one label before its domain. If another space has one of these names, it depends on the edge which of the two gets its requests (S7, S10).",
			"choose another host, or have its holder give it up first"},
		{EntryRenamed, Error, "an http entry comes under another name",
			"An entry of http has an Ingress that is named for it, and objects cannot be renamed: the clusters make the new one and then delete the old one. ingress-nginx's admission webhook, where it is on, refuses an Ingress with host and path of another one, so that the space's sync fails until the old one is deleted by hand, and then nobody answers for the host until the next sync.",
			"keep the entry's name; if the new one is meant, add --allow renamed-entry"},
	}
}
