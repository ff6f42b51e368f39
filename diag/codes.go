package diag

import (
	"cmp"
	"slices"
	"sync"
)

// Code is a stable diagnostic code: M and four digits. The first digit is the stage.
//
//	M1 reading and parsing    M5 patches
//	M2 the schema's rules     M6 several applications together
//	M3 platform and regions   M7 comparing and testing
//	M4 an app in its region   M8 publishing
type Code string

// Entry is what the registry knows about a code.
type Entry struct {
	Code     Code
	Severity Severity
	Title    string // what is wrong, in a few words
	Cause    string // when it happens and why it matters
	Fix      string // one line; the hint of a diagnostic that gives none of its own
}

// Together reports whether a code is about several applications together.
func Together(code Code) bool { return len(code) > 1 && code[1] == '6' }

// Codes returns every registered entry, sorted by code.
func Codes() []Entry {
	all := slices.Concat(schemaCodes(), platformCodes(), appCodes(), publishCodes(), sshCodes(), repositoryCodes(), bootstrapCodes(), guardCodes(), trustCodes(), signCodes(), promotionCodes())
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// byCode holds every entry by its code: each diagnostic that is made looks one up.
var byCode = sync.OnceValue(func() map[Code]Entry {
	m := map[Code]Entry{}
	for _, entry := range Codes() {
		m[entry.Code] = entry
	}
	return m
})

// Find returns the entry of a code, and whether there is one.
func Find(code Code) (Entry, bool) {
	entry, ok := byCode()[code]
	return entry, ok
}

// Lookup returns the entry of a code. An unknown code is a programming error and panics.
func Lookup(code Code) Entry {
	entry, ok := Find(code)
	if !ok {
		panic("diag: unregistered code " + string(code))
	}
	return entry
}
