package diag

// Codes of how a publication comes to more regions, or to the branch: opened regions, waves, pull requests.
const (
	RegionOpened Code = "M8080"
	AppsBroken   Code = "M8081"
)

func promotionCodes() []Entry {
	return []Entry{
		{RegionOpened, Warning, "a region was opened, and published applications are not in it",
			"Applications that name no regions select every open one. Opening a region deploys nothing by itself: what was published stays where it was published to, until its own next publication, or until the platform's team says so.",
			"to deploy them there now, add --extend"},
		{AppsBroken, Error, "published applications do not compile with the platform",
			"`publish --spaces` compiles every application again from its recorded inputs. With a mistake in any of them nothing is committed, neither the platform nor the others.",
			"change the platform, or ask the owners to publish versions that compile"},
	}
}
