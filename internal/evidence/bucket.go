package evidence

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/awsapi"
)

// Objects is S3.
type Objects interface {
	Objects(ctx context.Context, q awsapi.ObjectQuery) iter.Seq2[awsapi.ObjectPage, error]
	Object(ctx context.Context, bucket, key string, read func(io.Reader) error) error
}

// Bucket is a bucket that a trail writes its log files into, or a prefix of one.
// Of an organization's trail, the account's files alone are read.
type Bucket struct {
	S3      Objects
	Name    string
	Prefix  string
	Account string // twelve digits
}

// ParseBucket reads s3://bucket/prefix.
func ParseBucket(text string) (name, prefix string, err error) {
	rest, ours := strings.CutPrefix(text, "s3://")
	name, prefix, _ = strings.Cut(rest, "/")
	if !ours || name == "" {
		return "", "", fmt.Errorf("%s: want s3://BUCKET or s3://BUCKET/PREFIX", text)
	}
	return name, prefix, nil
}

// String implements Store.
func (b Bucket) String() string { return strings.TrimSuffix("s3://"+b.Name+"/"+b.Prefix, "/") }

// List implements Store: it goes down the folders that CloudTrail makes, leaves
// aside what is of other accounts and other kinds, and begins in each region
// with the day that is asked for.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
func (b Bucket) List(ctx context.Context, since time.Time, each func(string) error) error {
	return b.walk(ctx, b.Prefix, since, each)
}

func (b Bucket) walk(ctx context.Context, prefix string, since time.Time, each func(string) error) error {
	var below []string
	query := awsapi.ObjectQuery{Bucket: b.Name, Prefix: prefix, Folders: true}
	if ofRegion(prefix) {
		query.Folders, query.After = false, prefix+since.UTC().Format("2006/01/02")
	}
	for page, err := range b.S3.Objects(ctx, query) {
		if err != nil {
			return err
		}
		if err := b.tell(page.Keys, since, each); err != nil {
			return err
		}
		below = append(below, page.Folders...)
	}
	for _, folder := range below {
		if !b.meant(path.Base(folder)) {
			continue
		}
		if err := b.walk(ctx, folder, since, each); err != nil {
			return err
		}
	}
	return nil
}

func (b Bucket) tell(keys []string, since time.Time, each func(string) error) error {
	for _, key := range keys {
		if !isLog(key) || endsBefore(key, since) {
			continue
		}
		if err := each(key); err != nil {
			return err
		}
	}
	return nil
}

// ofRegion: .../CloudTrail/eu-central-1/.
func ofRegion(prefix string) bool {
	return strings.HasSuffix(prefix, "/") && path.Base(path.Dir(strings.TrimSuffix(prefix, "/"))) == "CloudTrail"
}

var accountFolder = regexp.MustCompile(`^\d{12}$`)

func (b Bucket) meant(folder string) bool {
	return !aside(folder) && (!accountFolder.MatchString(folder) || folder == b.Account)
}

// delivered is when CloudTrail delivered a file: ACCOUNT_CloudTrail_REGION_20261123T1005Z_....
var delivered = regexp.MustCompile(`_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_`)

// endsBefore reports whether a file can't have an event since a moment, by its
// name.
func endsBefore(name string, since time.Time) bool {
	m := delivered.FindStringSubmatch(name)
	if m == nil {
		return false
	}
	at, err := time.Parse("20060102T1504Z", m[1])
	return err == nil && at.Before(since.Add(-time.Hour))
}

// Open implements Store.
func (b Bucket) Open(ctx context.Context, name string, read func(io.Reader) error) error {
	return b.S3.Object(ctx, b.Name, name, read)
}
