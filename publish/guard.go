package publish

import (
	"fmt"
	"slices"
	"strings"
)

// Guard is a check that refuses what is possible and rarely meant. Its name is what [Options.Allow] lets pass.
type Guard string

const (
	OlderSource  Guard = "older-source"  // a source commit that is older than the published one
	MassRemoval  Guard = "mass-removal"  // more than a tenth, and more than 50, of a region's objects
	Empty        Guard = "empty"         // nothing to publish where there was something
	AutoscaleGap Guard = "autoscale-gap" // replicas that the cluster makes 1 before the autoscaler acts
	RenamedEntry Guard = "renamed-entry" // an http entry that keeps its host under another name
	SameSource   Guard = "same-source"   // a second application from the place of another
)

// Guards returns all guards, sorted.
func Guards() []Guard {
	return []Guard{AutoscaleGap, Empty, MassRemoval, OlderSource, RenamedEntry, SameSource}
}

func (o Options) allows(g Guard) bool { return slices.Contains(o.Allow, g) }

// someNames is how many names a message lists before it counts.
const someNames = 5

// listed joins names, and counts those that would make a message too long.
func listed(names []string) string {
	if len(names) <= someNames+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:someNames], ", "), len(names)-someNames)
}
