// Package publish commits compiled applications and platforms to the git repository that the clusters sync
// from (S20).
//
// In: [App] or [Platform] values, which are files as data, and [Options], which say where to. Out: a
// [Result], the commit and what it changed; [Read] gives back what a repository holds. A mistake of the user
// (a host that somebody else holds, a space that is not there) is a [diag.Diagnostic], a machine that failed
// is an error; after either, nothing has been committed. [Verify] compares a repository with what its records say and
// repairs it, [History] and [AppAt] look back, [RemoveSpace] takes an empty space away. [Sources.Admit] judges commits that
// somebody else has made, before a branch is moved to them.
//
// # What it does
//
// It grafts: it reads the tree of the branch's head, replaces in memory the folders that the application or
// the platform owns, writes the blobs and trees that are new, commits, and moves the branch from the value
// that it read. There is no clone on disk, no index and no checkout, so that the cost follows what changes and
// not what the repository holds. Whoever loses a race starts again from the new head, which cannot conflict:
// nobody else writes our folders, and what is shared (claims, edge) is computed again.
//
// # Who owns what
//
//	regions/<region>/spaces/<namespace>/apps/<app>/   the application
//	.meridian/apps/<namespace>/<app>/                 the application: owner.yaml, inputs/
//	.meridian/claims/<region>/{http,tcp,udp}/*.yaml   shared, each application its entries (S7, S10, S11, S13)
//	regions/<region>/edge/*.yaml                      shared, computed from all claims of the region
//	regions/<region>/spaces/<namespace>/space/        the platform
//	regions/<region>/sync/<namespace>.yaml            the platform
//	.meridian/platform.yaml, .meridian/platform/      the platform
//
// Any other file is somebody else's and is never touched.
//
// # What it refuses
//
// Addresses with credentials in them and transports other than a local bare repository and https (plain http
// where it is allowed); redirects that leave the host; a certificate that is not trusted; a path in the way that is a symlink or submodule; taking a host, path, port or application that another holds; leaving
// a region, or giving up a host or port there, unless told so; anything compiled against another platform than
// the recorded one. It reads no environment, no clock and no flags, and it never runs git.
package publish
