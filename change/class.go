package change

import (
	"cmp"
	"slices"
)

// Class says what a change means. The names are stable: JSON and command lines carry them.
type Class string

// The classes. A change has one or several. What comes or goes as a whole, an application in a region, has only the class
// that says so: what a new one exposes is in the notes.
const (
	Deletion            Class = "deletion"             // an application, a space or one of its objects is gone
	LeftRegion          Class = "left-region"          // an application or space is gone from a region, not from all
	ExposureWider       Class = "exposure-wider"       // more clients reach it, more of it is reachable, or HTTPS or its redirect is off
	EgressWider         Class = "egress-wider"         // it may reach more
	PermissionsWider    Class = "permissions-wider"    // more people may do something, or somebody may do more
	AutoscaleGap        Class = "autoscale-gap"        // the number of pods may fall to one before the autoscaler acts
	Recreate            Class = "recreate"             // all pods stop before new ones start: downtime
	RollingRestart      Class = "rolling-restart"      // pods are replaced step by step
	Scale               Class = "scale"                // the number of pods, or what it follows
	ExposureChanged     Class = "exposure-changed"     // neither wider nor narrower, as far as can be told
	EgressChanged       Class = "egress-changed"       // neither wider nor narrower, as far as can be told
	ExposureNarrower    Class = "exposure-narrower"    // fewer clients, less of it, or HTTPS or its redirect is on
	EgressNarrower      Class = "egress-narrower"      // it may reach less
	PermissionsNarrower Class = "permissions-narrower" // fewer people may do something, or somebody may do less
	Policy              Class = "policy"               // what is around pods: namespace, quota, limits, disruption budget, sync
	EnteredRegion       Class = "entered-region"       // an application or space is new in a region, not in all
	New                 Class = "new"                  // an application, a space or one of its objects is new
	NoEffect            Class = "no-effect"            // nothing that runs or is reachable changes
)

// Classes returns all classes, most dangerous first.
func Classes() []Class {
	return []Class{
		Deletion, LeftRegion, ExposureWider, EgressWider, PermissionsWider, AutoscaleGap, Recreate, RollingRestart, Scale,
		ExposureChanged, EgressChanged, ExposureNarrower, EgressNarrower, PermissionsNarrower, Policy, EnteredRegion, New, NoEffect,
	}
}

// Compare orders classes, most dangerous first.
func (c Class) Compare(d Class) int {
	all := Classes()
	return cmp.Compare(slices.Index(all, c), slices.Index(all, d))
}

// sortClasses sorts classes, leaves each once, and says so when there is none.
func sortClasses(list []Class) []Class {
	if len(list) == 0 {
		return []Class{NoEffect}
	}
	slices.SortFunc(list, Class.Compare)
	return slices.Compact(list)
}
