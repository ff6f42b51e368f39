package schema

import (
	"fmt"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
)

// PackageName returns the name of a CUE file's package clause; it is empty when there is none. An error says that the
// file is not CUE.
func PackageName(src Source) (string, error) {
	file, err := parser.ParseFile(src.Name, src.Data, parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	return file.PackageName(), nil
}

// ModuleLanguage returns the minor version of CUE's language v0 that a cue.mod/module.cue asks for: 15 for "v0.15.3". It
// is 0 when none is named.
func ModuleLanguage(data []byte) (int, error) {
	value := cuecontext.New().CompileBytes(data).LookupPath(cue.ParsePath("language.version"))
	if !value.Exists() {
		return 0, nil
	}
	text, err := value.String()
	if err != nil {
		return 0, fmt.Errorf("the language version cannot be read: %w", err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(text, "v%d.%d", &major, &minor); err != nil || major != 0 {
		return 0, fmt.Errorf("the language version %q cannot be read", text)
	}
	return minor, nil
}
