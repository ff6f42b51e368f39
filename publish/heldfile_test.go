package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// TestDeadLeftovers removes what publishers leave that die while they make a repository or write a pack, and nothing
// that is a living one's, or git's.
func TestDeadLeftovers(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "fleet.git")
	packs := filepath.Join(repo, "objects", "pack")
	living, release, err := makeFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := os.MkdirAll(filepath.Join(dir, ".meridian-init-dead", "refs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := initBare(repo, plumbing.NewBranchReferenceName("main")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"dead": keepText, "git": "receive-pack 1 on host\n", "own": ""} {
		if err := os.WriteFile(filepath.Join(packs, "pack-"+name+".keep"), []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	first, err := keepPack(packs, filepath.Join(packs, "pack-first"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := keepPack(packs, filepath.Join(packs, "pack-second"))
	if err != nil {
		t.Fatal(err)
	}
	left := func(dir string) string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return strings.Join(names, " ")
	}
	if got, want := left(dir), filepath.Base(living)+" fleet.git"; got != want {
		t.Errorf("beside the repository: %s, want %s", got, want)
	}
	if got, want := left(packs), "pack-first.keep pack-git.keep pack-own.keep pack-second.keep"; got != want {
		t.Errorf("packs: %s, want %s", got, want)
	}
	first()
	second()
	if got, want := left(packs), "pack-git.keep pack-own.keep"; got != want {
		t.Errorf("packs in the end: %s, want %s", got, want)
	}
}
