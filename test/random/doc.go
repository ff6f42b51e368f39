// Package random draws applications that are right: every field of the schema, in every form, with values towards the
// edges of what it admits, together with what must then hold between fields.
//
// In: the schema's own model, the platform of this package, and a seed. Out: an [Application]: the text of an app.cue
// and the files beside it, the same for the same seed. Every one is meant to be accepted by Meridian, by an API server
// and by whatever else judges manifests; what is refused is a mistake of whoever refuses, or of this package, and is made
// smaller by [Minimize].
// Refused: a leaf type of the schema that it has no values for, so that a field that is added is not passed over.
//
// What it knows of the schema's rules is written down here a second time, by hand, and does not come from the compiler:
// otherwise nothing that the compiler refuses could be found wrong.
package random
