package diag

// Codes of how a publication comes to more regions, or to the branch: opened regions, waves, pull requests.
const (
	RegionOpened     Code = "M8080"
	AppsBroken       Code = "M8081"
	BranchShared     Code = "M8082"
	BranchForeign    Code = "M8083"
	BaseMissing      Code = "M8084"
	WaveUnknown      Code = "M8085"
	WaveBehind       Code = "M8086"
	NothingToPromote Code = "M8087"
	PromotionDiffers Code = "M8088"
	WaveTwice        Code = "M8089"
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
		{WaveUnknown, Error, "there is no such wave of regions",
			"`promote` brings an application from one wave of the platform's regions to the next. Waves are declared by the platform; the regions that it names in none are the last.",
			"declare waves in the platform, or give the number of one that there is"},
		{WaveBehind, Error, "the wave before does not carry one version in all of its regions",
			"A version comes to a wave only after the wave before carries it in all of its regions, so that it has been seen to work there.",
			"publish the application again, or promote it to the wave before first"},
		{NothingToPromote, Error, "there is nothing to promote",
			"The regions of the wave carry the version that those of the wave before carry.",
			"publish a new version first; it comes to wave 1"},
		{PromotionDiffers, Error, "what would be promoted is not what the wave before carries",
			"The recorded inputs are compiled again, and give other manifests than those that were published to the wave before: these were edited, or another version of Meridian wrote them. What was seen to work there is not what would come.",
			"run meridian verify; then publish the application again, and let it prove itself"},
		{WaveTwice, Error, "a region is in two waves",
			"Waves say in which order versions come to regions; a region has one place in that order.",
			"leave the region in one wave"},
	}
}
