package fakeaws

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// contents are the keys of a bucket, in order, and what reads one.
func (b *BucketSpec) contents(owner *account) ([]string, func(key string) ([]byte, bool)) {
	logs := map[string][]Event{}
	if b.Trail != "" {
		logs = owner.logFiles(b.Trail)
	}
	keys := slices.Collect(maps.Keys(b.Objects))
	keys = append(keys, slices.Collect(maps.Keys(logs))...)
	slices.Sort(keys)
	return keys, func(key string) ([]byte, bool) {
		if text, there := b.Objects[key]; there {
			return []byte(text), true
		}
		events, there := logs[key]
		return owner.logFile(events), there
	}
}

// logFiles are the log files of the account's trail, one for each region and
// hour that has events, below a prefix.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
func (acct *account) logFiles(prefix string) map[string][]Event {
	files := map[string][]Event{}
	for _, list := range [][]Event{acct.events, acct.data} {
		for _, e := range list {
			region, hour := e.seenIn(acct.partition), e.Time.Truncate(time.Hour)
			name := strings.TrimSuffix(prefix, "/") + "/AWSLogs/" + acct.id + "/CloudTrail/" + region + hour.Format("/2006/01/02/") +
				acct.id + "_CloudTrail_" + region + hour.Format("_20060102T1504Z_") + lettersOf(hash(acct.id, region, hour.String()), 16) + ".json.gz"
			name = strings.TrimPrefix(name, "/")
			files[name] = append(files[name], e)
		}
	}
	return files
}

func (acct *account) logFile(events []Event) []byte {
	var records []json.RawMessage
	for i := range events {
		records = append(records, json.RawMessage(acct.recordOf(&events[i])))
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(jsonOf(map[string]any{"Records": records})) // into memory
	_ = zip.Close()
	return packed.Bytes()
}

// listObjects answers ListObjectsV2.
func listObjects(r *request) (any, *apiError) {
	bucket, owner, _ := r.bucketAsked()
	q := listQuery{prefix: r.form.Get("prefix"), after: r.form.Get("start-after"), delimiter: r.form.Get("delimiter"), most: 1000}
	if token := r.form.Get("continuation-token"); token != "" {
		after, ok := r.openToken(token, bucket.Name)
		if !ok {
			return nil, &apiError{Status: 400, Code: "InvalidArgument", Message: "The continuation token provided is incorrect"}
		}
		q.after = after
	}
	if n, err := strconv.Atoi(r.form.Get("max-keys")); err == nil {
		q.most = min(n, q.most)
	}
	keys, _ := bucket.contents(owner)
	entries, last := q.page(keys)
	var x xmlWriter
	x.open("ListBucketResult", "http://s3.amazonaws.com/doc/2006-03-01/")
	x.element("Name", bucket.Name)
	x.element("Prefix", q.prefix)
	x.element("KeyCount", strconv.Itoa(len(entries)))
	x.element("IsTruncated", strconv.FormatBool(last != ""))
	if last != "" {
		x.element("NextContinuationToken", r.token(bucket.Name, last))
	}
	for _, e := range entries {
		e.write(&x)
	}
	x.close("ListBucketResult")
	return object(x.Bytes()), nil
}

type listQuery struct {
	prefix, after, delimiter string
	most                     int
}

// listEntry is a key, or what several keys begin with.
type listEntry struct {
	name   string
	folder bool
}

func (e listEntry) write(x *xmlWriter) {
	if e.folder {
		x.begin("CommonPrefixes")
		x.element("Prefix", e.name)
		x.close("CommonPrefixes")
		return
	}
	x.begin("Contents")
	x.element("Key", e.name)
	x.close("Contents")
}

// page is one page, and the last key that it stands for; empty: all are told.
func (q listQuery) page(keys []string) (entries []listEntry, last string) {
	for _, key := range keys {
		rest, ours := strings.CutPrefix(key, q.prefix)
		if !ours || key <= q.after {
			continue
		}
		entry := listEntry{name: key}
		if head, _, found := strings.Cut(rest, q.delimiter); q.delimiter != "" && found {
			entry = listEntry{q.prefix + head + q.delimiter, true}
		}
		if n := len(entries); n > 0 && entries[n-1] == entry {
			last = key
			continue
		}
		if len(entries) == q.most {
			return entries, last
		}
		entries, last = append(entries, entry), key
	}
	return entries, ""
}
