package publish

import (
	"context"
	"time"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/signature"
)

// App is one application's compiled output for all regions. Without Regions it is withdrawn: its folders,
// claims and record go, if Options.RemoveFrom names the regions it was in.
type App struct {
	Namespace string // <org>-<space>
	Name      string
	Owner     string // the app's `owner` field

	Regions map[string]manifest.Tree // region → files relative to the app's folder
	Claims  []manifest.Claim
	Inputs  manifest.Tree // what it was compiled from, ≤ [MaxInputs] in all

	Held      []Held   // what those of Regions were compiled from that carry an earlier version; newest first
	Within    []string // the only regions that are written: others keep the version that they carry; nil: all
	Elsewhere []string // regions that Inputs select and that are not among Regions, sorted
	promoted  bool     // Inputs are a version that is there already: it keeps its place among the others

	Pos            diag.Pos                            // where diagnostics about this app point
	Where          func(claim manifest.Claim) diag.Pos // where one about a claim points; nil: at Pos
	Source         Source
	PlatformDigest string // the platform it was compiled against
}

// Held is an earlier version of an application, which some regions carry until the newer one is promoted to them.
type Held struct {
	Regions []string // sorted
	Inputs  manifest.Tree
	Source  Source
}

// Source says where an input was taken from. Any field may be empty: then it is not known.
type Source struct {
	Repository string `yaml:"repository,omitempty"`
	Commit     string `yaml:"commit,omitempty"`
	Time       string `yaml:"time,omitempty"` // of the commit, as its committer says: RFC 3339 in UTC
	Path       string `yaml:"path,omitempty"`
}

// Space is what the platform writes for one namespace (S3, S4, S6, S19).
type Space struct {
	Namespace string
	Regions   map[string]manifest.Tree // region → files of its space folder
	Tenant    map[string]manifest.Tree // region → files of sync/<namespace>: what bounds it; a region may have none
	Sync      map[string][]byte        // region → sync/<namespace>.yaml; a region may have none
}

// Platform is a platform to publish, with a way to compile the applications that are already there against it.
type Platform struct {
	Digest  string
	Source  Source
	Inputs  manifest.Tree // the platform's own files, recorded so that it can be read again
	Spaces  []Space
	Signers []signature.Signer // who must sign commits from then on; none: nobody need
	Pos     diag.Pos           // where diagnostics about the platform point

	// Recompile compiles an application's recorded inputs against this platform, for those of the regions that they
	// select, and says which others they select. It is called from Workers goroutines at once and at most once for
	// the same inputs and regions.
	Recompile func(namespace, app string, inputs manifest.Tree, source Source, regions []string) (App, []diag.Diagnostic, error)
	Workers   int // at least 1

	// Extend are the regions that applications may enter which were published before. In all others they are only
	// where they were published to: opening a region deploys nothing there.
	Extend []string
	Waves  [][]string // every open region once, in the order in which versions come to them; nil: no waves
}

// EdgeFunc computes a region's aggregates, the files of regions/<region>/edge, from all of its claims in
// order. It must be pure. A region that the platform no longer has is asked about when its last claim goes:
// nothing is to be returned for it.
type EdgeFunc func(region string, claims []manifest.Claim) ([]manifest.File, []diag.Diagnostic, error)

// Signature is who wrote a commit, and when. When is stored in UTC and whole seconds.
type Signature struct {
	Name  string
	Email string
	When  time.Time
}

// Auth are the credentials of an https remote. They are sent to that host only, whatever it redirects to, and appear
// in no error.
type Auth struct {
	Username string // empty: a name that the common servers accept beside a token
	Token    string
}

// Options say where and how to publish.
type Options struct {
	// URL is a path or file:// address of a local bare repository, which is created when absent, or an
	// https:// address (http:// for a loopback host, or where Network allows it), or ssh://user@host:port/path or
	// user@host:path.
	URL     string
	Branch  string // default main
	Base    string // for a pull request: the branch that Branch, one of its own, is made from; empty: there is none
	Auth    Auth   // for https
	SSH     SSH    // for ssh
	Network Network

	// Cache is a folder that keeps what is fetched from remotes, for later runs and other processes; empty: nothing is
	// kept. It is made when absent, and may be deleted at any time.
	Cache string

	Author    Signature
	Committer Signature      // zero: Author
	Message   string         // the commit's subject and body; empty: derived
	SignKey   *signature.Key // nil: the commit is not signed

	// SourceCommit is the commit of the sources, where it is at hand: Argo CD is told of it when all are of that one.
	SourceCommit *SourceCommit

	Edge            EdgeFunc // nil leaves the aggregates alone
	RemoveFrom      []string // regions that applications and spaces may leave, or give up hosts and ports in
	RemoveSpaces    []string // namespaces that the platform may give up in all regions
	RenameFrom      []AppID  // applications that go because one of those published is the same under another name
	TakeOver        []AppID  // applications whose name, hosts, paths and ports may be taken by those published
	Allow           []Guard  // guards that are let pass
	MeridianVersion string

	// SourceOrder says how a commit of the sources stands to the one that is published: what the repository of the
	// sources knows. nil: only the times of the commits tell.
	SourceOrder func(ctx context.Context, published, now string) (Order, error)

	// Check, if there is one, says what is wrong with publishing onto a commit, for whatever was looked at in the
	// repository before: others may have published since. It is asked in every attempt that changes something.
	Check func(ctx context.Context, head *Snapshot) ([]diag.Diagnostic, error)

	Review   ReviewFunc        // nil: nobody looks
	DryRun   bool              // plan and report, write nothing
	Attempts int               // default: as many as there is time for
	Timeout  time.Duration     // for all attempts together; default 2 minutes
	Progress func(text string) // nil: silent

	// Retimed lets the committer's time go on while a run waits, so that others can see how long it took; the author's
	// is when it began. Without it both are as given.
	Retimed bool

	turn *turn
}

// Op says what happened to a file.
type Op string

const (
	Added   Op = "added"
	Changed Op = "changed"
	Removed Op = "removed"
)

// FileChange is one file of the repository that a commit changed.
type FileChange struct {
	Path string
	Op   Op
}

// Result says what was published.
type Result struct {
	// Commit is the commit that holds what was published: empty when nothing changed and in a dry run. It is
	// our own, except when the answer to a push was lost and another writer has committed since: then it is
	// the later head, in which our files were found.
	Commit   string
	Parent   string       // the head that was built on; empty in an empty repository
	Changed  []FileChange // sorted by path
	Attempts int          // 1 unless a race was lost

	// Of a pull request: Parent is the base's head, Changed is what differs from it, and with nothing that differs
	// nothing is pushed. Commit is Branch when the branch held all of it already.
	Branch string // the branch's commit as it was before; empty when there was no branch
	Title  string // one line
}

// Unchanged reports whether the repository already held everything, so that there was nothing to commit.
func (r Result) Unchanged() bool { return len(r.Changed) == 0 }
