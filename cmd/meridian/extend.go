package main

import (
	"fmt"
	"slices"
)

// everyRegion is the value of --extend without one.
const everyRegion = "all"

// extended are the regions that published applications may enter.
func extended(s *session, names []string) ([]string, error) {
	p := s.compiler.Platform()
	var list []string
	for _, name := range names {
		switch r := p.Region(name); {
		case name == everyRegion:
			return p.Open(), nil
		case r == nil:
			return nil, usageError{fmt.Errorf("--extend: there is no region %q%s", name, didYouMean(name, p.Open()))}
		case !r.Open:
			return nil, usageError{fmt.Errorf("--extend: the region %s is not open", name)}
		}
		list = append(list, name)
	}
	return list, nil
}

// extendHint says how a region is given to --extend where one was written behind it.
func extendHint(extend, args []string) string {
	if !slices.Contains(extend, everyRegion) {
		return ""
	}
	return fmt.Sprintf("; if %s is a region: --extend=%s", args[0], args[0])
}
