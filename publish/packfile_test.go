package publish

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"
)

// grown is a repository in which a folder of files changes a little, commit by commit: git makes deltas of that.
func grown(t *testing.T) *repo {
	t.Helper()
	r := newLocalRepo(t)
	r.run("git", "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprintf("folder/%d.txt", i)] = strings.Repeat(fmt.Sprintf("%x ", i*2654435761), 100)
	}
	r.commit(files)
	for version := range 4 {
		r.commit(map[string]string{"folder/7.txt": files["folder/7.txt"] + strings.Repeat("x", version+1), "folder/8.txt": files["folder/8.txt"] + fmt.Sprint(version)})
	}
	return r
}

// pack has git make a pack of what `rev-list --objects` names.
func (r *repo) pack(revisions string, flags ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"--git-dir=" + r.dir, "pack-objects", "--stdout", "--quiet", "--revs"}, flags...)...)
	cmd.Stdin = strings.NewReader(revisions)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		r.t.Fatal(err)
	}
	return out.Bytes()
}

// objects lists the objects of a repository with kind and content.
func (r *repo) objects() map[string]string {
	r.t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")) {
		kind, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[hash] = kind + " " + r.git("cat-file", kind, hash)
	}
	return all
}

// TestReceivePack holds packs, their indexes and what is read from them to git: with deltas by offset and by name, and
// thin ones, which lean on objects that came before.
func TestReceivePack(t *testing.T) {
	r := grown(t)
	want := r.objects()
	for _, flags := range [][]string{{"--delta-base-offset"}, {}, {"--window=0"}} {
		t.Run(fmt.Sprint(flags), func(t *testing.T) {
			s := &cacheStore{dir: t.TempDir()}
			if err := os.MkdirAll(s.packDir(), 0o700); err != nil {
				t.Fatal(err)
			}
			defer s.close()
			thin := append([]string{"--thin"}, flags...)
			for _, pack := range [][]byte{r.pack("main~2\n", flags...), r.pack("main\n^main~2\n", thin...)} {
				if err := s.receive(bytes.NewReader(pack), true); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range s.names {
				base := filepath.Join(s.packDir(), name)
				r.run("git", "verify-pack", base+".idx")
				theirs := filepath.Join(t.TempDir(), "theirs.idx")
				r.run("git", "index-pack", "-o", theirs, base+".pack")
				a, _ := os.ReadFile(base + ".idx")
				b, err := os.ReadFile(theirs)
				if err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s: the index is not the one that git makes (%v)", name, err)
				}
			}
			if diff := cmp.Diff(want, readAll(t, s, want)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if err := s.merge([]int{0, 1}); err != nil || len(s.packs) != 1 {
				t.Fatalf("%d packs: %v", len(s.packs), err)
			}
			r.run("git", "verify-pack", filepath.Join(s.packDir(), s.names[0])+".idx")
			if diff := cmp.Diff(want, readAll(t, s, want)); diff != "" {
				t.Errorf("objects of the merged pack (-want +got):\n%s", diff)
			}
		})
	}
}

// readAll reads objects as [repo.objects] lists them.
func readAll(t *testing.T, s *cacheStore, list map[string]string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for hash, object := range list {
		name, _, _ := strings.Cut(object, " ")
		kind, err := plumbing.ParseObjectType(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := s.read(kind, plumbing.NewHash(hash))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if kind == plumbing.TreeObject { // git prints them in words
			text = strings.TrimPrefix(object, "tree ")
			if got := plumbing.ComputeHash(kind, data); got.String() != hash {
				t.Errorf("tree %s reads as %s", hash, got)
			}
		}
		all[hash] = name + " " + text
	}
	return all
}

// TestReceiveRubbish has packs cut off anywhere, and a byte of them changed anywhere: none may be taken for good.
func TestReceiveRubbish(t *testing.T) {
	r := grown(t)
	whole := r.pack("main\n", "--delta-base-offset")
	for i := 0; i < len(whole); i += 97 {
		broken := bytes.Clone(whole)
		broken[i] ^= 0x55
		for name, pack := range map[string][]byte{"cut": whole[:i], "changed": broken} {
			dir := t.TempDir()
			if _, err := receivePack(dir, bytes.NewReader(pack), newMemoryStore()); err == nil {
				t.Errorf("%s at %d: taken", name, i)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%s at %d: left %v", name, i, left)
			}
		}
	}
}

// TestTidy writes many small packs beside a large one, which is left as it is.
func TestTidy(t *testing.T) {
	s := &cacheStore{dir: t.TempDir()}
	if err := os.MkdirAll(s.packDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var hashes []plumbing.Hash
	add := func(text string) {
		data := []byte(text)
		hash := plumbing.ComputeHash(plumbing.BlobObject, data)
		hashes = append(hashes, hash)
		if _, err := s.add([]gitObject{{plumbing.BlobObject, hash, data}}); err != nil {
			t.Fatal(err)
		}
	}
	var large strings.Builder
	for i := range 5000 {
		fmt.Fprint(&large, i*i)
	}
	add(large.String())
	first := s.names[0]
	for i := range 3 * maxCachePacks {
		add(fmt.Sprint("small ", i))
		if err := s.tidy(); err != nil {
			t.Fatal(err)
		}
		if len(s.packs) > maxCachePacks+1 {
			t.Fatalf("%d packs", len(s.packs))
		}
	}
	if _, err := os.Stat(filepath.Join(s.packDir(), first+".pack")); err != nil {
		t.Errorf("the large pack was copied: %v", err)
	}
	for _, hash := range hashes {
		if _, err := s.read(plumbing.BlobObject, hash); err != nil {
			t.Error(err)
		}
	}
}

// TestTidyTwice has two processes that hold the same packs open put them together one after the other, as those do that end
// at the same time.
func TestTidyTwice(t *testing.T) {
	dir := t.TempDir()
	first, second := &cacheStore{dir: dir}, &cacheStore{dir: dir}
	if err := os.MkdirAll(first.packDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	defer first.close()
	defer second.close()
	var hashes []plumbing.Hash
	for i := range maxCachePacks + 1 {
		data := fmt.Append(nil, "small ", i)
		hashes = append(hashes, plumbing.ComputeHash(plumbing.BlobObject, data))
		if _, err := first.add([]gitObject{{plumbing.BlobObject, hashes[i], data}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.scan(); err != nil {
		t.Fatal(err)
	}
	for i, s := range []*cacheStore{first, second} {
		if err := s.tidy(); err != nil || len(s.packs) > maxCachePacks {
			t.Errorf("store %d: %v, %d packs", i, err, len(s.packs))
		}
		for _, hash := range hashes {
			if _, err := s.read(plumbing.BlobObject, hash); err != nil {
				t.Errorf("store %d: %v", i, err)
			}
		}
	}
}
