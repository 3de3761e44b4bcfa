package rotationlambda

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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
	// Orders are those carried out or refused of late, by the names of their tags.
	Orders []string `json:"d,omitempty"`
}

// Every write of the record has tags of its own, named after its revision, so
// that a lost write which comes late comes over nothing: it is older than what
// stands there. Older ones are swept.
const (
	tagLength = 256 // characters of a value
	mostTags  = 12  // of one write
	// keptTags is how many tags of older writes may lie about: with one write more
	// and people's own they are within AWS's 50.
	keptTags  = 20
	recordTag = OwnTags + "record/"
	stateTag  = OwnTags + "state"
)

func tagOf(revision int64, chunk int) string {
	return recordTag + strconv.FormatInt(revision, 36) + "/" + strconv.Itoa(chunk)
}

// revisionOf reads a tag's name; false: it is none of a record.
func revisionOf(tag string) (revision int64, ok bool) {
	name, ours := strings.CutPrefix(tag, recordTag)
	first, second, _ := strings.Cut(name, "/")
	revision, err := strconv.ParseInt(first, 36, 64)
	_, notNumber := strconv.Atoi(second)
	return revision, ours && err == nil && notNumber == nil && revision > 0
}

// errDamaged says that somebody changed our tags.
var errDamaged = errors.New("the record in the secret's tags is damaged: restore the tags " + recordTag +
	"… as they were (CloudTrail has them), or remove them all, and have `keytend secret resolve SECRET recover` rebuild the record")

// pack spells an entry as tags. Each says how many there are.
func pack(e entry, revision int64) (map[string]string, error) {
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
	return chunks(base64.StdEncoding.EncodeToString(squeezed.Bytes()), revision)
}

func chunks(text string, revision int64) (map[string]string, error) {
	const head = 3 // "COUNT "
	size := tagLength - head
	count := (len(text) + size - 1) / size
	if count > mostTags {
		return nil, fmt.Errorf("the record takes %d tags of the secret, more than %d", count, mostTags)
	}
	tags := map[string]string{}
	for i := range count {
		part := text[i*size : min(len(text), (i+1)*size)]
		tags[tagOf(revision, i)] = strconv.Itoa(count) + " " + part
	}
	return tags, nil
}

// found is the latest entry in a secret's tags; the zero found: none.
type found struct {
	entry
	revision int64
}

// live: something is under way.
func (f found) live() bool { return f.revision > 0 && f.Record.Live() }

// unpack finds the latest entry. AWS writes all tags of a call or none: a latest
// one that isn't whole was changed by somebody.
func unpack(tags map[string]string) (found, error) {
	latest := latestOf(tags)
	if latest == 0 {
		return found{}, nil
	}
	text, err := joined(tags, latest)
	if err != nil {
		return found{}, err
	}
	e, err := decode(text)
	if err != nil {
		return found{}, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return found{e, latest}, nil
}

// latestOf is the revision of the latest write; 0: there is none.
func latestOf(tags map[string]string) (latest int64) {
	for tag := range tags {
		if revision, ok := revisionOf(tag); ok {
			latest = max(latest, revision)
		}
	}
	return latest
}

// joined is the text that one write's tags hold.
func joined(tags map[string]string, revision int64) (string, error) {
	var b strings.Builder
	count := 1
	for i := 0; i < count; i++ {
		first, part, _ := strings.Cut(tags[tagOf(revision, i)], " ")
		n, err := strconv.Atoi(first)
		if err != nil || n < 1 || n > mostTags || i > 0 && n != count {
			return "", errDamaged
		}
		count = n
		b.WriteString(part)
	}
	return b.String(), nil
}

// older are the tags of writes before one.
func older(tags map[string]string, revision int64) []string {
	var all []string
	for tag := range tags {
		if of, ok := revisionOf(tag); ok && of < revision {
			all = append(all, tag)
		}
	}
	slices.Sort(all)
	return all
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
