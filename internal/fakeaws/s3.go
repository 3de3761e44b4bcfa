package fakeaws

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// BucketSpec describes a bucket of S3 and what is in it.
type BucketSpec struct {
	Name    string
	Region  string // empty: us-east-1
	Policy  string // bucket policy; empty: none
	Objects map[string]string
}

// s3Service is S3 as far as reading an object whole, by path-style addresses.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func s3Service() service {
	return service{
		name: "s3", source: "s3.amazonaws.com", protocol: restXML,
		routes: func(r *http.Request) string {
			if bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); r.Method == http.MethodGet && bucket != "" && key != "" {
				return "GetObject"
			}
			return ""
		},
		actions: map[string]action{"GetObject": {do: getObject, asks: mayGetObject, reads: true, data: true}},
	}
}

// object is an answer that goes out as it is.
type object []byte

// bucketAsked is the bucket and key that a call is about. Buckets' names are
// everybody's: one may be another account's.
func (r *request) bucketAsked() (bucket *BucketSpec, owner *account, key string) {
	name, key, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	for _, acct := range r.aws.accounts {
		for i := range acct.spec.Buckets {
			if acct.spec.Buckets[i].Name == name && acct.partition == r.account.partition {
				return &acct.spec.Buckets[i], acct, key
			}
		}
	}
	return nil, nil, key
}

func mayGetObject(r *request) *apiError {
	bucket, owner, key := r.bucketAsked()
	if bucket == nil {
		return &apiError{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
	}
	if region := cmp.Or(bucket.Region, standardRegion); region != r.region {
		return &apiError{Status: 301, Code: "PermanentRedirect", Region: region,
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."}
	}
	on := target{arn: fmt.Sprintf("arn:%s:s3:::%s/%s", owner.partition, bucket.Name, key)}
	return r.permit("s3:GetObject", on, owner, bucket.Policy, false)
}

func getObject(r *request) (any, *apiError) {
	bucket, _, key := r.bucketAsked()
	text, ok := bucket.Objects[key]
	if !ok {
		return nil, &apiError{Status: 404, Code: "NoSuchKey", Message: "The specified key does not exist."}
	}
	return object(text), nil
}
