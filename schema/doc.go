// Package schema reads CUE: app.cue files and the platform's.
//
// In: a [Source], the text of a file with the module it may import from. Out: an [App] or a [Node], concrete values
// with a position for every leaf, without defaults; [Merge], [ApplyDefaults], [Check] and [Decode] turn them into a
// [Spec]. What is wrong with a single value is a [diag.Diagnostic] here; what is wrong between values is the
// compiler's.
//
// The rules are the embedded files types.cue (leaves), app.cue and platform.cue (structs). A struct's definition has one
// of a few forms of type expressions, and these attributes:
//
//	@default(VALUE)             the default, or @default(null, "in words") for one that Go computes
//	@oneof(a, b+c)              exactly one of the alternatives; b chooses, c goes with it
//	@atmostone(a, b)            at most one
//	@shorthand(a)               a scalar stands for the field a
//	@fixed()                    the same in all regions
//	@expect("…"), @enum()       what a diagnostic says a leaf must be
//
// It refuses whatever would make the result depend on anything but the text: @embed, @extern, @tag, imports outside the
// file's own module, packages that run commands. It opens no file and fetches nothing.
package schema
