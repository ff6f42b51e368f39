package diag

// Codes of an application in its region.
const (
	UnknownProject       Code = "M4001"
	ImageTagMissing      Code = "M4002"
	ImageTagLatest       Code = "M4003"
	LimitBelowRequest    Code = "M4004"
	MinAboveMax          Code = "M4005"
	BudgetImpossible     Code = "M4006"
	RolloutContradiction Code = "M4007"
	DuplicatePort        Code = "M4008"
	UndeclaredPort       Code = "M4009"
	PortProtocol         Code = "M4010"
	HostNotRegistered    Code = "M4011"
	DomainOtherSpace     Code = "M4012"
	DuplicatePath        Code = "M4013"
	HostTLSDiffers       Code = "M4014"
	RedirectWithoutTLS   Code = "M4015"
	ClientAddressLost    Code = "M4016"
	AllowAll             Code = "M4017"
	NotExpressible       Code = "M4018"
	L4NotOffered         Code = "M4019"
	L4PortRefused        Code = "M4020"
	SuccessThreshold     Code = "M4021"
	TimeoutAbovePeriod   Code = "M4022"
	SleepTooLong         Code = "M4023"
	UnknownBackend       Code = "M4024"
	BackendNotPermitted  Code = "M4025"
	BackendNotInRegion   Code = "M4026"
	ReservedPrefix       Code = "M4027"
	FileInTheWay         Code = "M4028"
	ConfigTooLarge       Code = "M4029"
	LooksLikeCredential  Code = "M4030"
	ExposureWidened      Code = "M4031"
	OverrideUnused       Code = "M4032"
	NoRegion             Code = "M4033"
	AutoscaleNoRequest   Code = "M4034"
	ReservedName         Code = "M4035"

	PatchUnreadable  Code = "M5001"
	PatchFails       Code = "M5002"
	PatchForbidden   Code = "M5003"
	PatchResult      Code = "M5004"
	PatchNoTarget    Code = "M5005"
	PodNotRestricted Code = "M5006"

	CalleeMissing    Code = "M6001"
	CalleeRefuses    Code = "M6002"
	CalleeNotHere    Code = "M6003"
	CalleePort       Code = "M6004"
	ClaimedTwice     Code = "M6005"
	SameApplication  Code = "M6006"
	HostOtherSpace   Code = "M6007"
	AcceptsNobody    Code = "M6008"
	CallNotDeclared  Code = "M6009"
	GoldenDiffers    Code = "M7001"
	GoldenMissing    Code = "M7002"
	NothingToCompile Code = "M7003"
	ExpectationFails Code = "M7004"
	NotDeterministic Code = "M7005"
	NotFormatted     Code = "M7006"
)

func appCodes() []Entry {
	return []Entry{
		{UnknownProject, Error, "the registry project does not exist", "A company has one project in the registry, or several (S1).", "use one of the platform's projects"},
		{ImageTagMissing, Error, "the image has no version", "Without a tag or a digest the registry's latest image runs, which changes by itself.", "add a tag or a digest"},
		{ImageTagLatest, Error, "the image's version is latest", "The tag latest means another image tomorrow: what runs would not be what was reviewed.", "name the version by its own tag, or by digest"},
		{LimitBelowRequest, Error, "a limit is below its request", "A container may not be promised more than it may use.", "raise the limit or lower the request"},
		{MinAboveMax, Error, "the fewest pods are more than the most", "autoscale.min must not be above autoscale.max.", "lower min or raise max"},
		{BudgetImpossible, Error, "a disruption budget can never be satisfied", "With it no pod may ever be moved, so that no node can be emptied for an upgrade.", "let at least one pod go: maxUnavailable: 1"},
		{RolloutContradiction, Error, "the rollout contradicts itself", "The settings together let no rollout succeed, or belong to different strategies.", "change one of the two settings"},
		{DuplicatePort, Error, "a port is taken twice", "A number and protocol leads to one place.", "give one of the two another number"},
		{UndeclaredPort, Error, "the port is not declared", "Exposures, checks and hooks name a port of `ports`.", "declare it in ports"},
		{PortProtocol, Error, "the port has the wrong protocol", "A UDP port cannot be checked over TCP, nor carry HTTP.", "name a port of the right protocol"},
		{HostNotRegistered, Error, "the host is under no registered domain", "A domain is registered in domain management before a host under it is exposed (S7). Hosts are matched label by label.", "use a host under a registered domain, or have the domain registered"},
		{DomainOtherSpace, Error, "the domain, or the path, is another space's", "A domain is registered to the spaces that may use it (S7). The platform may delegate paths of a host to another space, which then has these paths alone, and alone has them.", "use a host of the space's own domains, or have the platform add the space"},
		{DuplicatePath, Error, "a path is given twice", "Two entries of one host and path would fight.", "remove one of the two"},
		{HostTLSDiffers, Error, "a host has two TLS settings", "Entries of one host share one certificate, or none.", "give both entries the same tls"},
		{RedirectWithoutTLS, Error, "a redirect without HTTPS", "There is nothing to redirect to (S10).", "add tls, or leave redirectToHTTPS out"},
		{ClientAddressLost, Error, "the region's edge does not see the client's address", "An allow-list compares the address that the edge sees (S10). Where that is a load balancer's, the list would admit everybody or nobody.", "leave the region out, or have the platform keep the client's address there"},
		{AllowAll, Warning, "an allow-list that lets everybody in", "A range of all addresses is no allow-list.", "leave allowFrom out, or name narrower ranges"},
		{NotExpressible, Error, "the region's edge cannot express this", "Every ingress dialect has limits. What it cannot express is never dropped silently.", "leave the feature out in that region"},
		{L4NotOffered, Error, "the region offers no TCP and UDP exposure", "TCP and UDP are offered through the region's proxy servers (S11, S13).", "leave the exposure out in that region: regions: \"ID\": tcp: NAME: null"},
		{L4PortRefused, Error, "the port cannot be had on the proxies", "Some ports are the edge's own, or not offered.", "choose another port"},
		{SuccessThreshold, Error, "a success threshold that cannot be", "The success threshold of the health check is always 1 (S15); that of the start-up check counts where it gates traffic (S14).", "leave successThreshold out"},
		{TimeoutAbovePeriod, Warning, "a check's timeout is above its period", "The next check waits for the one before.", "lower timeoutSeconds or raise periodSeconds"},
		{SleepTooLong, Error, "nothing of the grace period is left", "The grace period runs from the beginning of the hook (S16): after it every process is killed.", "raise gracePeriodSeconds or sleep shorter"},
		{UnknownBackend, Error, "the back end is unknown", "Back ends are named per space by an administrator (S19).", "use a back end of the space, or have the platform add it"},
		{BackendNotPermitted, Error, "the back end is not for this application", "A back end may be reserved for some applications of its space (S19).", "have the platform add the application to the back end's apps"},
		{BackendNotInRegion, Error, "the back end is not in the region", "The network policy admits a back end's addresses in the region (S19); there are none.", "have the platform add its addresses there, or leave the region out"},
		{ReservedPrefix, Error, "a label or annotation is reserved", "Prefixes of Kubernetes, its controllers and Meridian mean something to others.", "use a prefix of your own, or none"},
		{FileInTheWay, Error, "a path is a file and a folder", "A file cannot be put where a folder is.", "move one of the two"},
		{ConfigTooLarge, Error, "the config files are too large", "A ConfigMap holds less than 1 MiB.", "put large files into the image or an object store (S9)"},
		{LooksLikeCredential, Warning, "this looks like a credential", "Manifests are readable by everyone who can read the repository. This is a guess; the value is never repeated.", "put it into a Secret and refer to it: env: NAME: secret: {name: ..., key: ...}"},
		{ExposureWidened, Warning, "an override widens an exposure", "In one region more clients are let in, or less safely, than elsewhere.", "check that it is meant, and say so behind the field: @allow(M4031, reason=\"…\")"},
		{OverrideUnused, Warning, "an override changes nothing", "The application is not in the region that is overridden.", "remove the override, or select the region"},
		{NoRegion, Error, "no region is left", "only, except and the space's own regions leave no open region (S5).", "select at least one open region"},
		{AutoscaleNoRequest, Error, "scaling on a resource that is not requested", "Utilisation is in percent of the request; without one the autoscaler never acts.", "give the request"},
		{ReservedName, Error, "the application's name is taken", "An application's objects carry its name; every space has an object of this name already, and the two would fight.", "choose another name"},

		{PatchUnreadable, Error, "a patch cannot be read", "A patch is YAML or JSON text, a struct, or a list of JSON 6902 operations.", "mend the patch"},
		{PatchFails, Error, "a patch does not apply", "A path or a list element that the patch names is not there.", "compare the patch with the object: `meridian build`"},
		{PatchForbidden, Error, "a patch changes what patches may not change", "Names, namespaces, selectors, identity labels, service accounts, security contexts and Secrets that the application does not declare are not to be patched.", "remove this part of the patch"},
		{PatchResult, Error, "the patched object is not valid", "The patch left a field that the object does not have, or of another type.", "mend the patch"},
		{PatchNoTarget, Error, "there is nothing to patch", "The application has no object of this kind in the region.", "remove the patch, or add what makes the object"},
		{PodNotRestricted, Error, "the pods would leave the restricted profile", "Every pod satisfies Pod Security's restricted profile; nothing may leave it.", "remove this part of the patch"},

		{CalleeMissing, Error, "the called application does not exist", "calls names an application of the space, or of another one.", "check name and space of the call"},
		{CalleeRefuses, Error, "the called application does not accept the call", "An application of another space must name its callers in accepts (S19).", "have the called application add: accepts: CALLER: space: ..."},
		{CalleeNotHere, Error, "the called application is not in the region", "Applications call each other inside a region.", "deploy the called application there, or leave the call out in that region"},
		{CalleePort, Error, "the called application has no such port", "calls names a port by the name that the called application gave it.", "use one of its ports"},
		{ClaimedTwice, Error, "two applications claim the same", "A host's path and a region's port lead to one application (S7, S13).", "change one of the two"},
		{SameApplication, Error, "an application is defined twice", "In a space a name stands for one application.", "rename one of the two"},
		{HostOtherSpace, Error, "a host belongs to another space", "A host belongs to one space in all regions (S7), and so does what a wildcard host answers for.", "use another host"},
		{AcceptsNobody, Warning, "an accepted caller does not exist", "accepts names an application that is not there, or has no such port.", "check name, space and ports"},
		{CallNotDeclared, Warning, "an application is addressed and not called", "A variable or an argument holds the address of an application that `calls` does not name, so that the network policies keep the connection out (S19).", "add the application to calls"},

		{GoldenDiffers, Error, "what is compiled differs from the golden files", "The manifests changed since the golden files were written.", "read the diff; if it is meant: meridian test --update"},
		{GoldenMissing, Error, "there are no golden files", "Nothing has been recorded to compare with, and no file of expectations (NAME.expect.cue) says what must hold.", "write golden files: meridian test --update; or expectations: NAME.expect.cue beside app.cue"},
		{NothingToCompile, Error, "there is no app.cue", "The files and folders named hold none.", "name an app.cue, a folder with one, or ./... for all below"},
		{ExpectationFails, Error, "an expectation does not hold", "A file NAME.expect.cue beside app.cue says what must hold of the application, and it does not; or it is about regions that the application is not in, so that nothing is checked.", "mend the application, or the expectation if it is out of date"},
		{NotDeterministic, Error, "compiling twice gives two results", "`meridian test` compiles every application twice and compares the manifests. Output that differs from run to run would be committed again and again. This is a mistake in Meridian.", "report it, with the application: https://github.com/meridian-gitops/meridian/issues"},
		{NotFormatted, Error, "a file is not in its canonical form", "`meridian fmt` would write it otherwise: fields in the schema's order, and CUE's own layout.", "have it written: meridian fmt"},
	}
}
