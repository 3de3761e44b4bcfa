package onaws

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Notes are a folder in which is kept what was read of CloudTrail, so that
// another process need not read it again: at two requests a second, a busy key's
// 90 days take hours. What can't be kept or isn't understood is read again. It
// holds key IDs, addresses and user agents, and no secret. One Notes serves all
// accounts of a process; it is safe for concurrent use, and nil keeps nothing.
type Notes struct {
	folder string
	lock   sync.Mutex
	names  map[accesskey.ID][]string // the regions noted of each key; nil: the folder was not listed
}

// NewNotes returns the notes of a folder, which need not be there yet.
func NewNotes(folder string) *Notes { return &Notes{folder: folder} }

// noted is one track as it is kept.
type noted struct {
	Version int
	Read    time.Time
	Todo    []span
	Places  []notedPlace
}

// notedPlace is one place's uses: for each hour since 1970 the seconds, since
// that hour began, of the first and the last.
type notedPlace struct {
	accesskey.Place
	Session bool `json:",omitempty"`
	Hours   map[int64][2]int64
}

const notesVersion = 1

func (n *Notes) path(k trackKey) string {
	return filepath.Join(n.folder, string(k.key)+"-"+k.region+".json")
}

// regions are those in which a key's events were read before. The folder may
// have a file for every key there ever was, so it is listed once.
func (n *Notes) regions(key accesskey.ID) []string {
	if n == nil {
		return nil
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.names == nil {
		n.names = map[accesskey.ID][]string{}
		entries, _ := os.ReadDir(n.folder) // without notes there are none
		for _, e := range entries {
			if name, ours := strings.CutSuffix(e.Name(), ".json"); ours {
				id, region, _ := strings.Cut(name, "-")
				n.names[accesskey.ID(id)] = append(n.names[accesskey.ID(id)], region)
			}
		}
	}
	return slices.Clone(n.names[key])
}

// recall takes up what another process has read, once. What was read after now
// was read of another world: a simulated one.
func (n *Notes) recall(t *track, k trackKey, now time.Time) {
	if n == nil || t.recalled {
		return
	}
	t.recalled = true
	text, err := os.ReadFile(n.path(k))
	var kept noted
	if err != nil || json.Unmarshal(text, &kept) != nil || kept.Version != notesVersion || kept.Read.After(now.Add(usesLate)) {
		return
	}
	t.read, t.todo = kept.Read, kept.Todo
	for _, p := range kept.Places {
		for at, seen := range p.Hours {
			begins := time.Unix(at*3600, 0).UTC()
			t.mark(hour{p.Place, p.Session, at}, stretch{begins.Add(time.Duration(seen[0]) * time.Second), begins.Add(time.Duration(seen[1]) * time.Second)})
		}
	}
}

// keep writes down what is known by now. It is no loss that matters where it
// can't.
func (n *Notes) keep(t *track, k trackKey) error {
	if n == nil {
		return nil
	}
	text, err := json.Marshal(t.noted())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.folder, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(n.folder, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), n.path(k))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.names != nil && !slices.Contains(n.names[k.key], k.region) {
		n.names[k.key] = append(n.names[k.key], k.region)
	}
	return nil
}

func (t *track) noted() noted {
	places := map[hour]*notedPlace{} // at 0
	out := noted{Version: notesVersion, Read: t.read, Todo: t.todo}
	for h, s := range t.hours {
		of := hour{place: h.place, session: h.session}
		if places[of] == nil {
			places[of] = &notedPlace{Place: h.place, Session: h.session, Hours: map[int64][2]int64{}}
		}
		places[of].Hours[h.at] = [2]int64{s.from.Unix() - h.at*3600, s.to.Unix() - h.at*3600}
	}
	for _, p := range places {
		out.Places = append(out.Places, *p)
	}
	return out
}
