package publish

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/meridian-gitops/meridian/manifest"
)

// MaxInputs is how many bytes of inputs are recorded for one application, or for the platform.
const MaxInputs = 1 << 20

const (
	regionsDir   = "regions"
	appsDir      = ".meridian/apps"
	claimsDir    = ".meridian/claims"
	platformFile = ".meridian/platform.yaml"
	platformDir  = ".meridian/platform"
	inputsDir    = "inputs" // below an application's record
	heldDir      = "held"   // below it, too: a folder for the inputs of each earlier version
)

// AppFolder is the folder of an application's manifests in a region.
func AppFolder(region, namespace, app string) string {
	return path.Join(regionsDir, region, "spaces", namespace, "apps", app)
}

// SpaceFolder is the folder of a space's own manifests in a region.
func SpaceFolder(region, namespace string) string {
	return path.Join(regionsDir, region, "spaces", namespace, "space")
}

// SyncFile is the file of a space's sync object in a region.
func SyncFile(region, namespace string) string {
	return path.Join(regionsDir, region, "sync", namespace+".yaml")
}

// TenantFolder is the folder of what bounds a space in a region: its namespace, rights and quota. It is synced with the
// sync objects, not with the space, whose own account must not change it.
func TenantFolder(region, namespace string) string {
	return path.Join(regionsDir, region, "sync", namespace)
}

// EdgeFolder is the folder of a region's aggregates.
func EdgeFolder(region string) string { return path.Join(regionsDir, region, "edge") }

// RecordFolder is the folder of an application's record: owner.yaml and its inputs.
func RecordFolder(namespace, app string) string { return path.Join(appsDir, namespace, app) }

func ownerFile(namespace, app string) string {
	return path.Join(RecordFolder(namespace, app), "owner.yaml")
}

// claimFile is where a claim is recorded, relative to claimsDir. A wildcard host keeps clear of the character
// that shells and Windows treat specially; the host itself stands in the file.
func claimFile(c manifest.Claim) string {
	name := fmt.Sprint(c.Port)
	if c.Kind == manifest.ClaimHTTP {
		name = c.Host
		if rest, ok := strings.CutPrefix(c.Host, "*."); ok {
			name = "_wildcard." + rest
		}
	}
	return path.Join(c.Region, string(c.Kind), name+".yaml")
}

// The patterns are compiled when they are first used: a run that publishes nothing does not pay for them.
var (
	nameRE = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`) })
	hostRE = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)
	})
)

// checkNames refuses names that must not become elements of a path. The compiler has checked them by their
// own, narrower rules; a name that fails here is a fault of the program.
func checkNames(kind string, names ...string) error {
	for _, name := range names {
		if len(name) > 253 || !nameRE().MatchString(name) || strings.Contains(name, "..") {
			return fmt.Errorf("%s name %q cannot be a folder", kind, name)
		}
	}
	return nil
}

// checkFiles refuses what git itself would refuse to check out.
func checkFiles(tree manifest.Tree) error {
	for file := range tree.Files() {
		if problem := PathProblem(file); problem != "" {
			return fmt.Errorf("file %q cannot be stored in git: %s", file, problem)
		}
	}
	return nil
}

// check refuses an App that cannot be stored, which is a fault of the program that built it.
func (a App) check() error {
	if err := checkNames("namespace", a.Namespace); err != nil {
		return err
	}
	if err := checkNames("application", a.Name); err != nil {
		return err
	}
	for region, tree := range a.Regions {
		if err := checkNames("region", region); err != nil {
			return err
		}
		if tree.Len() == 0 {
			return fmt.Errorf("application %s/%s has no files in %s", a.Namespace, a.Name, region)
		}
		if err := checkFiles(tree); err != nil {
			return err
		}
	}
	for _, c := range a.Claims {
		if err := a.checkClaim(c); err != nil {
			return fmt.Errorf("application %s/%s: %w", a.Namespace, a.Name, err)
		}
	}
	return checkFiles(a.Inputs)
}

func (a App) checkClaim(c manifest.Claim) error {
	if _, ok := a.Regions[c.Region]; !ok || c.Namespace != a.Namespace || c.App != a.Name {
		return fmt.Errorf("claim %s of %s/%s in %s is not its own", claimName(c), c.Namespace, c.App, c.Region)
	}
	switch c.Kind {
	case manifest.ClaimHTTP:
		if len(c.Host) > 253 || !hostRE().MatchString(c.Host) {
			return fmt.Errorf("host %q is not a lower-case DNS name", c.Host)
		}
	case manifest.ClaimTCP, manifest.ClaimUDP:
		if c.Port < 1 || c.Port > 65535 {
			return fmt.Errorf("port %d is out of range", c.Port)
		}
	default:
		return fmt.Errorf("unknown kind of claim %q", c.Kind)
	}
	return nil
}

// claimName is how messages call a claim: by its host, or by kind and port.
func claimName(c manifest.Claim) string {
	if c.Kind == manifest.ClaimHTTP {
		return "host " + c.Host
	}
	return fmt.Sprintf("%s port %d", c.Kind, c.Port)
}
