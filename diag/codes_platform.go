package diag

// Codes of platform and regions.
const (
	PlatformIncomplete Code = "M3001"
	SpaceNameHasOrg    Code = "M3002"
	NamespaceTooLong   Code = "M3003"
	NamespaceReserved  Code = "M3004"
	UnknownSpace       Code = "M3005"
	UnknownRegion      Code = "M3006"
	ClosedRegion       Code = "M3007"
	CIDRHostBits       Code = "M3008"
	ConstraintBroken   Code = "M3009"
	EmbeddedPlatform   Code = "M3010"
	BackendInCluster   Code = "M3011"
)

func platformCodes() []Entry {
	return []Entry{
		{PlatformIncomplete, Error, "the platform contradicts itself", "Something in the platform's files lacks its other half.", "mend the platform's files at this place"},
		{SpaceNameHasOrg, Error, "a space's name contains the organisation's", "The organisation's name is put before the space's by itself (S3), so the name must not contain it.", "leave the organisation's name out of the space's"},
		{NamespaceTooLong, Error, "a namespace is too long", "The namespace is <org>-<space> and has at most 63 characters.", "choose a shorter name for the space"},
		{NamespaceReserved, Error, "a namespace is reserved", "default, kube-*, the sync controller's and the edge's namespaces are not spaces.", "choose another name for the space"},
		{UnknownSpace, Error, "the space does not exist", "A space is created by the platform's administrators (S3).", "use one of the platform's spaces, or add it there"},
		{UnknownRegion, Error, "the region does not exist", "Regions are those of the manual and of the platform (S5).", "use one of the regions that `meridian regions` lists"},
		{ClosedRegion, Error, "the region is not open", "The engine is not opened in every region of its tables (S5).", "leave the region out, or have the platform open it"},
		{CIDRHostBits, Error, "an address range is not what it seems", "Bits behind the mask mean nothing; some readers drop them, others refuse the range.", "write the range by its first address, in its usual form"},
		{ConstraintBroken, Error, "a rule of the platform is broken", "The platform's team set a rule for applications.", "change the value, or ask the platform's team"},
		{BackendInCluster, Error, "a back end is inside the cluster", "A back end's addresses are outside the cluster (S17, S19). A range that overlaps the cluster's own would open pods and Services by address, past every other policy.", "name the back end's own range, or correct the region's network if the cluster's is another"},
		{EmbeddedPlatform, Error, "the demo organisation cannot publish to a remote repository", "Without --platform the embedded demo organisation is used. Its spaces and domains are not yours.", "write your own platform (`meridian init --platform DIR`) and give it with --platform"},
	}
}
