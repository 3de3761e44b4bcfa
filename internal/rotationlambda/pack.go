package rotationlambda

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// entry is what lies in the tags: the record, and where its audit stands.
type entry struct {
	Record accesskey.Record `json:"r"`
	Acted  time.Time        `json:"a"` // the latest act of ours: rotation.Journal.Head
	Seq    int64            `json:"n"` // of the latest audit line, over all of the secret's records
	Chain  string           `json:"c"` // its hash
}

// The record lies in slots. Each invocation writes into the slot after the one
// that it found the latest record in, so that a lost request of an invocation
// that died lands where nobody looks any more.
const (
	slots     = 4
	tagLength = 256 // characters of a value
	mostTags  = 10  // of one slot: all slots and people's own fit into 50
	recordTag = OwnTags + "record/"
	stateTag  = OwnTags + "state"
)

func tagOf(slot, chunk int) string { return fmt.Sprintf("%s%d/%d", recordTag, slot, chunk) }

// errDamaged says that somebody changed our tags.
var errDamaged = errors.New("the record in the secret's tags is damaged: restore the tags " + recordTag +
	"… as they were (CloudTrail has them), or, once no rotation is under way, remove them all")

// pack spells an entry as tags. Each says the revision and how many there are.
func pack(e entry, slot int, revision int64) (map[string]string, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var squeezed bytes.Buffer
	w, err := zlib.NewWriterLevel(&squeezed, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = w.Write(text); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	return chunks(base64.StdEncoding.EncodeToString(squeezed.Bytes()), slot, revision)
}

func chunks(text string, slot int, revision int64) (map[string]string, error) {
	const head = 20 // "REVISION COUNT "
	size := tagLength - head
	count := (len(text) + size - 1) / size
	if count > mostTags {
		return nil, fmt.Errorf("the record takes %d tags of the secret, more than %d", count, mostTags)
	}
	tags := map[string]string{}
	for i := range count {
		part := text[i*size : min(len(text), (i+1)*size)]
		tags[tagOf(slot, i)] = fmt.Sprintf("%d %d %s", revision, count, part)
	}
	return tags, nil
}

// found is the latest entry in a secret's tags; the zero found: none.
type found struct {
	entry
	slot     int
	revision int64
}

// unpack finds the latest entry. A newer slot of which somebody removed or changed
// a part is damage; one that a lost write of an older revision came over, late, is
// out of the running: whoever goes on looks at the world anyway.
func unpack(tags map[string]string) (found, error) {
	var best found
	var newest int64
	for slot := range slots {
		text, revision, whole, overwritten := slotText(tags, slot)
		if !overwritten {
			newest = max(newest, revision)
		}
		if !whole || revision <= best.revision {
			continue
		}
		e, err := decode(text)
		if err != nil {
			return found{}, fmt.Errorf("%w (%w)", errDamaged, err)
		}
		best = found{e, slot, revision}
	}
	if newest > best.revision {
		return found{}, errDamaged
	}
	return best, nil
}

// slotText joins the chunks of a slot's newest revision. Where it isn't whole,
// overwritten tells that older chunks stand in the places of all that is missing.
func slotText(tags map[string]string, slot int) (text string, revision int64, whole, overwritten bool) {
	count, parts, all := 0, map[int]string{}, 0
	for i := range mostTags {
		rev, n, part, ok := chunk(tags[tagOf(slot, i)])
		if !ok {
			continue
		}
		if all == i {
			all++ // without a gap so far
		}
		if rev > revision {
			revision, count, parts = rev, n, map[int]string{}
		}
		if rev == revision {
			parts[i] = part
		}
	}
	var b strings.Builder
	for i := range count {
		part, there := parts[i]
		if !there {
			return "", revision, false, all >= count
		}
		b.WriteString(part)
	}
	return b.String(), revision, count > 0, false
}

func chunk(value string) (revision int64, count int, part string, ok bool) {
	words := strings.SplitN(value, " ", 3)
	if len(words) != 3 {
		return 0, 0, "", false
	}
	revision, err := strconv.ParseInt(words[0], 10, 64)
	count, err2 := strconv.Atoi(words[1])
	return revision, count, words[2], err == nil && err2 == nil && revision > 0 && count > 0 && count <= mostTags
}

// largest bounds what a few kilobytes of tags may become.
const largest = 1 << 20

func decode(text string) (entry, error) {
	var e entry
	squeezed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return e, err
	}
	r, err := zlib.NewReader(bytes.NewReader(squeezed))
	if err != nil {
		return e, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, largest))
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(plain, &e)
}
