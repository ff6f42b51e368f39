package diag

// Codes of how a publication comes to more regions, or to the branch: opened regions, waves, pull requests.
const (
	RegionOpened  Code = "M8080"
	AppsBroken    Code = "M8081"
	BranchShared  Code = "M8082"
	BranchForeign Code = "M8083"
	BaseMissing   Code = "M8084"
)

func promotionCodes() []Entry {
	return []Entry{
		{RegionOpened, Warning, "a region was opened, and published applications are not in it",
			"Applications that name no regions select every open one. Opening a region deploys nothing by itself: what was published stays where it was published to, until its own next publication, or until the platform's team says so.",
			"to deploy them there now, add --extend"},
		{AppsBroken, Error, "published applications do not compile with the platform",
			"`publish --spaces` compiles every application again from its recorded inputs. With a mistake in any of them nothing is committed, neither the platform nor the others.",
			"change the platform, or ask the owners to publish versions that compile"},
		{BranchShared, Error, "the branch is not one of the pull request's own",
			"The branch of a pull request is made anew from the base every time, by force. That must never happen to the base itself, or to the repository's default branch.",
			"give --branch a name of its own, such as publish/app1"},
		{BranchForeign, Error, "the branch holds the work of others",
			"The branch of a pull request is made anew from the base every time. This one holds a commit that was made otherwise: pushed by hand, merged into it by a forge's button, or published to it without --base. It would be lost.",
			"give --branch another name, or delete the branch if nobody needs what it holds"},
		{BaseMissing, Error, "the base of the pull request does not exist",
			"A pull request is made from the head of the branch that it is to be merged into, and there is no such branch.",
			"give --base the branch that the clusters sync from, such as main"},
	}
}
