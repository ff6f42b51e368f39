package diag

// Codes of reading and parsing, and of the schema's rules for single values.
const (
	SourceUnreadable Code = "M1001"
	Syntax           Code = "M1002"
	ImportRefused    Code = "M1003"
	AttributeRefused Code = "M1004"
	UnknownReference Code = "M1005"
	RegionRedefined  Code = "M1006"
	ValueConflict    Code = "M1007"
	NotConcrete      Code = "M1008"
	NotComputable    Code = "M1009"
	Cycle            Code = "M1010"
	UnknownFact      Code = "M1011"
	ConstraintMarker Code = "M1012"
	StaleExpression  Code = "M1013"
	BesideFile       Code = "M1014"
	AllowUnreadable  Code = "M1015"
	AllowUnused      Code = "M1016"

	UnknownField        Code = "M2001"
	MissingField        Code = "M2002"
	WrongType           Code = "M2003"
	BadValue            Code = "M2004"
	NotInEnum           Code = "M2005"
	NoAlternative       Code = "M2006"
	ManyAlternatives    Code = "M2007"
	FixedField          Code = "M2008"
	NullOutsideOverride Code = "M2009"
	BadName             Code = "M2010"
)

func schemaCodes() []Entry {
	return []Entry{
		{SourceUnreadable, Error, "a file cannot be read", "The file does not exist, is not a regular file, or is larger than 1 MiB.", "check the path; an app.cue is a regular file of at most 1 MiB"},
		{Syntax, Error, "CUE syntax", "The text is not CUE.", "mend the syntax at this place; `cue fmt` shows the same mistake"},
		{ImportRefused, Error, "an import cannot be used", "Imports are CUE's standard library and packages under the cue.mod root that holds the file. Nothing is fetched, and packages that run commands are never evaluated.", "import a standard package, or put the package under the file's own cue.mod root"},
		{AttributeRefused, Error, "an attribute is refused", "@embed and @extern would read other files, and @tag would make the result depend on the command line.", "write the value itself, or use the files field for a file's content"},
		{UnknownReference, Error, "a reference leads nowhere", "An identifier or a selected field does not exist.", "define it, or put a string in quotes"},
		{RegionRedefined, Error, "region is taken", "At the top level `region` stands for the facts of the region that is being compiled.", "give the field another name, or start it with an underscore"},
		{ValueConflict, Error, "two values disagree", "The same field is given twice with different values.", "keep one of the two values"},
		{NotConcrete, Error, "a type where a value is wanted", "The field is a type such as string, or a choice, and nothing decides it.", "give it a value"},
		{NotComputable, Error, "an expression cannot be computed", "The expression fails: an operation on the wrong types, a call with a bad argument.", "mend the expression"},
		{Cycle, Error, "a value is defined by itself", "Following the references from a field leads back to it.", "break the cycle: give one of the fields a value"},
		{UnknownFact, Error, "a region has no such fact", "Expressions may use the region's facts, which are few.", "use one of the facts there are"},
		{ConstraintMarker, Error, "a constraint where a value is wanted", "`name?` and `name!` describe fields for others to fill in; in app.cue they would be silently left out.", "remove the ? or ! behind the field's name"},
		{StaleExpression, Warning, "an override does not recompute an expression", "An expression outside `regions` refers to a field that a region overrides. The expression keeps the value of the base.", "override the field with the expression too, or use region.id in the expression"},
		{BesideFile, Error, "a file beside app.cue cannot be used", "Config and patch files are regular files below the folder of app.cue; symbolic links that lead out are not followed.", "put a regular file at this path below the folder of app.cue"},
		{AllowUnreadable, Error, "an @allow that cannot be", "`@allow(CODE, reason=\"…\")` behind a field silences one warning there. Errors cannot be silenced, and a reader wants to know why.", "write @allow(M4031, reason=\"why it is meant\") behind the field that the warning points at"},
		{AllowUnused, Warning, "an @allow that silences nothing", "The warning that it allows is not given here (any more).", "remove it"},

		{UnknownField, Error, "unknown field", "The schema has no field of this name here.", "check the spelling"},
		{MissingField, Error, "a required field is missing", "The field must be given, in the file itself or in the override of every region.", "add the field"},
		{WrongType, Error, "wrong type", "The value is of another type than the field.", "write a value of the field's type"},
		{BadValue, Error, "a value breaks its rule", "The value has the right type but not the form or the range the field wants.", "write a value the field admits"},
		{NotInEnum, Error, "not one of the admitted values", "The field admits a few values only.", "write one of the admitted values"},
		{NoAlternative, Error, "none of the alternatives is given", "Exactly one of several fields must be given.", "give one of them"},
		{ManyAlternatives, Error, "alternatives exclude each other", "At most one of several fields may be given.", "keep one of them"},
		{FixedField, Error, "a field is the same in all regions", "Name, space, owner and the choice of regions cannot differ by region.", "move the field out of regions"},
		{NullOutsideOverride, Error, "null outside an override", "null removes a value that the base gives, so it has a meaning in `regions` alone.", "leave the field out"},
		{BadName, Error, "a name breaks its rule", "The key of an entry has a form of its own, because it becomes part of an object's name.", "write a name the field admits"},
	}
}
