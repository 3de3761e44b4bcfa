package locate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// maxLine bounds a line of a repository's history.
const maxLine = 16 << 20

// pickaxe finds the changes that may have an ID in them.
const pickaxe = `AKIA[A-Z0-9]{16}|QUtJQ|FLSU|BS0lB`

// history looks at every commit of a repository that any branch, tag or stash
// leads to: merges too, and what the repository says is no text. It runs git, and
// nothing that the repository's settings name.
func (h *hunt) history(ctx context.Context, repository string) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return errors.New("git is not installed")
	}
	environ, err := gitEnvironment(ctx, git)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	run := exec.CommandContext(ctx, git, "--no-pager", "-c", "core.fsmonitor=false", "-C", repository, "log", "--all", "-p", "-m", "--text", "--unified=0", "--no-color",
		"--no-textconv", "--no-ext-diff", "--no-show-signature", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--format=%x00%h %cs", "-G", pickaxe)
	run.Env = slices.Concat(environ, []string{"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0"})
	var complaint bytes.Buffer
	run.Stderr = &complaint
	out, err := run.StdoutPipe()
	if err != nil {
		return err
	}
	if err := run.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	misread := h.commits(out, repository)
	if misread != nil {
		stop()
	}
	err = run.Wait()
	first, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
	switch {
	case misread != nil:
		return misread
	case err != nil && strings.Contains(first, "does not have any commits yet"):
		return nil
	case err != nil:
		return fmt.Errorf("git log: %s", first)
	}
	return nil
}

// gitEnvironment is this process's, without what points git at another repository
// than the one it is sent to, as in a hook. Settings in it stay, as git leaves them
// to submodules: they may be what lets it read the folder at all.
func gitEnvironment(ctx context.Context, git string) ([]string, error) {
	out, err := exec.CommandContext(ctx, git, "rev-parse", "--local-env-vars").Output()
	if err != nil {
		return nil, fmt.Errorf("ask git for its variables: %w", err)
	}
	pointing := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return strings.HasPrefix(name, "GIT_CONFIG") })
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(pointing, strings.ToUpper(name))
	}), nil
}

// commits reads what git says, the newest commit first. A key is told of once for
// each file that held it.
func (h *hunt) commits(out io.Reader, repository string) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxLine)
	type spot struct {
		id   accesskey.ID
		path string
	}
	told := map[spot]bool{}
	var commit, path string
	inside := false // of a file's changes, where a line may begin with anything
	for lines.Scan() {
		line := lines.Bytes()
		switch {
		case bytes.HasPrefix(line, []byte{0}):
			commit, path = string(line[1:]), ""
		case bytes.HasPrefix(line, []byte("diff ")):
			inside = false
		case bytes.HasPrefix(line, []byte("@@")):
			inside = true
		case !inside && bytes.HasPrefix(line, []byte("+++ ")):
			path = strings.Trim(strings.TrimPrefix(string(line[4:]), "b/"), "\t")
		case inside && bytes.HasPrefix(line, []byte("+")):
			for _, id := range h.keys(line[1:]) {
				if at := (spot{id, path}); !told[at] {
					told[at] = true
					h.add(Find{Key: id, Kind: InHistory, Where: repository, Part: path, Note: "commit " + strings.Replace(commit, " ", " of ", 1)})
				}
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return errors.New("it has a line of more than 16 MiB; what comes before it was read")
	}
	return lines.Err()
}
