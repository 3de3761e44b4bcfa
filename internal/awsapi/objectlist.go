package awsapi

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
)

// ObjectQuery asks for objects of a bucket.
type ObjectQuery struct {
	Bucket, Prefix string
	After          string // keys behind this one alone; empty: from the first
	Folders        bool   // stop at the next "/", and tell what begins so once
}

// ObjectPage is one page of a bucket's keys, in the order of their bytes.
type ObjectPage struct {
	Keys    []string
	Folders []string // with ObjectQuery.Folders: prefixes, each with its "/"
}

// Objects lists objects (s3:ListBucket), 1,000 a page, in whatever region their
// bucket is. It ends at the first error.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (s *Session) Objects(ctx context.Context, q ObjectQuery) iter.Seq2[ObjectPage, error] {
	return func(yield func(ObjectPage, error) bool) {
		for token := ""; ; {
			page, next, err := s.objectPage(ctx, q, token)
			if err != nil {
				yield(ObjectPage{}, s.fail("s3:ListBucket", err))
				return
			}
			if !yield(page, nil) || next == "" {
				return
			}
			token = next
		}
	}
}

func (s *Session) objectPage(ctx context.Context, q ObjectQuery, token string) (ObjectPage, string, error) {
	params := url.Values{"list-type": {"2"}, "prefix": {q.Prefix}}
	for name, value := range map[string]string{"start-after": q.After, "continuation-token": token} {
		if value != "" {
			params.Set(name, value)
		}
	}
	if q.Folders {
		params.Set("delimiter", "/")
	}
	var answer struct {
		Contents              []struct{ Key string }
		CommonPrefixes        []struct{ Prefix string }
		NextContinuationToken string
	}
	err := s.inBucket(ctx, q.Bucket, wireCall{
		service: "S3", host: "s3", action: "ListObjectsV2", method: http.MethodGet, path: objectPath(q.Bucket, "") + "?" + params.Encode(),
		read: document(xml.Unmarshal, &answer),
	})
	var page ObjectPage
	for _, c := range answer.Contents {
		page.Keys = append(page.Keys, c.Key)
	}
	for _, p := range answer.CommonPrefixes {
		page.Folders = append(page.Folders, p.Prefix)
	}
	return page, answer.NextContinuationToken, err
}

// inBucket makes a call to S3, again where its bucket is in another region; which
// is remembered.
func (s *Session) inBucket(ctx context.Context, bucket string, call wireCall) error {
	if region, known := s.buckets.Load(bucket); known {
		call.region, _ = region.(string)
	}
	err := s.wire(ctx, call)
	if region := bucketRegion(err); region != "" && region != call.region {
		s.buckets.Store(bucket, region)
		call.region = region
		err = s.wire(ctx, call)
	}
	return err
}
