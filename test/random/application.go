package random

import (
	"maps"
	"slices"
)

// Application is one application that was drawn, or made smaller.
type Application struct {
	generator *Generator
	value     *value
	beside    map[string][]byte
	whole     map[string]*value // what it is in a region that overrides it, as it was drawn; gone when it is made smaller
}

// Source is the text of its app.cue.
func (a Application) Source() []byte { return []byte(write(a.value)) }

// Files are its files, by their paths from its folder: app.cue, and those that it names.
func (a Application) Files() map[string][]byte {
	files := map[string][]byte{"app.cue": a.Source()}
	maps.Copy(files, a.beside)
	return files
}

// Name is its name.
func (a Application) Name() string { return a.value.get("name").word() }

// Space is its space.
func (a Application) Space() string { return a.value.get("space").word() }

// Overridden are the regions that it is different in, sorted.
func (a Application) Overridden() []string { return slices.Sorted(maps.Keys(a.whole)) }

// In is the application as it is in a region that overrides it, written without an override: it must become the same
// objects there. It is known of an application as it was drawn.
func (a Application) In(region string) Application {
	v := a.whole[region].with("only", textsOf([]string{region})).with("except", nil).with("regions", nil)
	return Application{generator: a.generator, value: v, beside: a.beside}
}
