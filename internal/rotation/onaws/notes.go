package onaws

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Notes are a folder in which is kept what was read of CloudTrail, so that
// another process need not read it again: at two requests a second, a busy key's
// 90 days take hours. What can't be kept or isn't understood is read again. It
// holds key IDs, addresses and user agents, and no secret.
type Notes string

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

func (n Notes) path(k trackKey) string {
	return filepath.Join(string(n), string(k.key)+"-"+k.region+".json")
}

// regions are those in which a key's events were read before.
func (n Notes) regions(key accesskey.ID) []string {
	if n == "" {
		return nil
	}
	entries, _ := os.ReadDir(string(n)) // without notes there are none
	var regions []string
	for _, e := range entries {
		region, ours := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".json"), string(key)+"-")
		if ours && strings.HasSuffix(e.Name(), ".json") {
			regions = append(regions, region)
		}
	}
	return regions
}

// recall takes up what another process has read, once. What was read after now
// was read of another world: a simulated one.
func (n Notes) recall(t *track, k trackKey, now time.Time) {
	if n == "" || t.recalled {
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
func (n Notes) keep(t *track, k trackKey) error {
	if n == "" {
		return nil
	}
	text, err := json.Marshal(t.noted())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(n), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(string(n), ".new-*") // mode 0600
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
