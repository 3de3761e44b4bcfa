package locate

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

const hiddenKey accesskey.ID = "AKIAIOSFODNN7EXAMPLE"

func place(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A key is found wherever a folder hides it, or that place is named as one where
// was not looked: nothing is passed over in silence.
func TestNothingIsPassedOverInSilence(t *testing.T) {
	root := t.TempDir()
	place(t, filepath.Join(root, "old.tfstate"), `{"version":3,"modules":[{"resources":{"aws_iam_access_key.x":{"primary":{"id":"`+string(hiddenKey)+`"}}}}]}`)
	place(t, filepath.Join(root, "new.tfstate"), `{"version":4,"resources":[],"check_results":[{"text":"`+string(hiddenKey)+`"}]}`)
	place(t, filepath.Join(root, "data.bin"), "\x00\x01"+string(hiddenKey)+"\x00")
	found := Search{Wanted: map[accesskey.ID]Whose{hiddenKey: {}}, Folders: []string{root}, AtOnce: 1}.Run(t.Context())
	told := fmt.Sprint(found)
	for _, name := range []string{"old.tfstate", "new.tfstate", "data.bin"} {
		if !strings.Contains(told, name) {
			t.Errorf("nothing is said of %s: %+v", name, found)
		}
	}
}

// What came in with a merge, what a repository says is no text, and what looks like
// a header of the differences, is history too.
func TestHistoryThatHides(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", root, "-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	place(t, filepath.Join(root, ".gitattributes"), "*.env -diff\n")
	place(t, filepath.Join(root, "plus.txt"), "++ "+string(hiddenKey)+"\n")
	place(t, filepath.Join(root, "prod.env"), "AWS_ACCESS_KEY_ID="+string(hiddenKey)+"\n")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	git("rm", "-q", "prod.env", "plus.txt")
	git("commit", "-q", "-m", "two")
	git("checkout", "-q", "-b", "side", "HEAD~1")
	git("commit", "-q", "--allow-empty", "-m", "three")
	git("checkout", "-q", "main")
	git("merge", "-q", "--no-commit", "--no-ff", "side")
	place(t, filepath.Join(root, "merged.txt"), string(hiddenKey)+"\n")
	git("add", ".")
	git("commit", "-q", "-m", "merged")
	git("rm", "-q", "merged.txt")
	git("commit", "-q", "-m", "gone")
	search := Search{Wanted: map[accesskey.ID]Whose{hiddenKey: {}}, Folders: []string{root}, History: true, AtOnce: 1}
	complete := func(t *testing.T) {
		found := search.Run(t.Context())
		told := fmt.Sprint(found.Finds)
		for _, name := range []string{"prod.env", "merged.txt", "plus.txt"} {
			if !strings.Contains(told, name) {
				t.Errorf("%s was not found: %+v", name, found)
			}
		}
	}
	complete(t)
	t.Run("in a hook of another repository", func(t *testing.T) {
		elsewhere := t.TempDir()
		if out, err := exec.CommandContext(t.Context(), "git", "init", "-q", elsewhere).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, name := range []string{"GIT_DIR", "GIT_COMMON_DIR"} {
			t.Setenv(name, filepath.Join(elsewhere, ".git"))
		}
		t.Setenv("GIT_WORK_TREE", elsewhere)
		t.Setenv("GIT_INDEX_FILE", filepath.Join(elsewhere, "index"))
		t.Setenv("GIT_OBJECT_DIRECTORY", filepath.Join(elsewhere, "objects"))
		complete(t)
	})
}

// Links are followed to files, and to the folder that was named; a link to another
// folder is told, and what is no file is not waited for.
func TestLinksAreNotPassedOverInSilence(t *testing.T) {
	top := t.TempDir()
	folder, other, link := filepath.Join(top, "folder"), filepath.Join(top, "other"), filepath.Join(top, "link")
	place(t, filepath.Join(folder, "own.env"), "A="+string(hiddenKey)+"\n")
	place(t, filepath.Join(other, "far.env"), "A="+string(hiddenKey)+"\n")
	place(t, filepath.Join(folder, "repository", ".git", "HEAD"), "")
	for name, to := range map[string]string{
		link: folder, filepath.Join(folder, "same.env"): filepath.Join(folder, "own.env"), filepath.Join(folder, "file.env"): filepath.Join(other, "far.env"),
		filepath.Join(folder, "others"): other, filepath.Join(folder, "loop"): folder, filepath.Join(folder, "broken"): filepath.Join(top, "nowhere"),
		filepath.Join(folder, "repository", ".git", "config"): os.DevNull,
	} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, start := range []string{folder, link} {
		found := Search{Wanted: map[accesskey.ID]Whose{hiddenKey: {}}, Folders: []string{start}, AtOnce: 1}.Run(t.Context())
		var files []string
		for _, f := range found.Finds {
			name, _ := filepath.Rel(start, f.Where)
			files = append(files, name)
		}
		if want := []string{"file.env", "own.env"}; !slices.Equal(files, want) {
			t.Errorf("%s: %q, want %q", start, files, want)
		}
		told := fmt.Sprint(found.Gaps)
		for _, want := range []string{"1 link below", other, "config: not a regular file"} {
			if !strings.Contains(told, want) {
				t.Errorf("%s: %q is not told: %s", start, want, told)
			}
		}
	}
	gone := Search{Folders: []string{filepath.Join(top, "nowhere")}, AtOnce: 1}.Run(t.Context())
	if len(gone.Gaps) != 1 || gone.Gaps[0].Hint != "" {
		t.Errorf("a folder that isn't there is taken for a network's failure: %+v", gone.Gaps)
	}
}
