// Package publish commits compiled applications and platforms to the git repository that the clusters sync
// from (S20).
//
// In: [App] or [Platform] values, which are files as data, and [Options], which say where to. Out: a
// [Result], the commit and what it changed; [Read] gives back what a repository holds. A mistake of the user
// (a host that somebody else holds, a space that is not there) is a [diag.Diagnostic], a machine that failed
// is an error; after either, nothing has been committed. [Verify] compares a repository with what its records say and
// repairs it, [History] and [AppAt] look back, [RemoveSpace] takes an empty space away, [Promote] brings a version to the
// next wave of regions, [Edge] computes what is shared after pull requests were merged. [Sources.Admit] judges commits that
// somebody else has made, before a branch is moved to them.
//
// # What it does
//
// It grafts: it reads the tree of the branch's head, replaces in memory the folders that the application or
// the platform owns, writes the blobs and trees that are new, commits, and moves the branch from the value
// that it read. There is no index and no checkout, so that the cost follows what changes and not what the repository
// holds. Whoever loses a race starts again from the new head, which cannot conflict: nobody else writes our folders,
// and what is shared (claims, edge) is computed again. Losers wait, ever longer, but less the older they get; a newcomer
// who finds that the last commit is of just now, and had to wait, waits about as long before he tries.
//
// # What it keeps
//
// Of a remote repository it fetches one commit with its trees, and with a server that can leave them out only the files
// that it reads. With [Options.Cache] that is kept on the disk for later runs, which fetch what has changed since; without,
// it is in memory. The cache is a convenience: what is wrong with it is thrown away, and no run fails because of it.
//
// Publishers that share a cache combine. Each plans on top of the commits that the others have made and adds its own;
// who gets the lock pushes them all, in one move of the branch from the value that the first was planned on. When that
// move fails because somebody else was faster, all are planned again; when a rule declines it, each alone.
//
// # Who owns what
//
//	regions/<region>/spaces/<namespace>/apps/<app>/   the application
//	.meridian/apps/<namespace>/<app>/                 the application: owner.yaml, inputs/, held/
//	.meridian/claims/<region>/{http,tcp,udp}/*.yaml   shared, each application its entries (S7, S10, S11, S13)
//	regions/<region>/edge/*.yaml                      shared, computed from all claims of the region
//	regions/<region>/spaces/<namespace>/space/        the platform
//	regions/<region>/sync/<namespace>.yaml            the platform
//	regions/<region>/sync/<namespace>/                the platform
//	.meridian/platform.yaml, .meridian/platform/      the platform
//
// Any other file is somebody else's and is never touched.
//
// # Signatures
//
// With [Options.SignKey] a commit is signed as git does. A platform may name signers; they lie in its record. Then no commit is
// made that the signers in force would not accept, and [Verify] walks back to where they came, and has [CheckSignature] look at
// every commit on the way. Keys come as values: see package signature.
//
// # What it refuses
//
// Addresses with credentials in them and transports other than a local bare repository, https (plain http where it is
// allowed) and ssh; redirects that leave the host; a certificate that is not trusted, an ssh host that is not known; a
// path in the way that is a symlink or submodule; anything compiled against another platform than the recorded one.
// Unless told so: taking a host, path, port or application that another holds; leaving a region, or giving up a host or
// port there; a space that goes; and what a [Guard] names. It reads no environment and no flags, a clock only to wait by
// ([Options.Retimed] writes what that said), and it never runs git.
package publish
