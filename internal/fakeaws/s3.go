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
	Trail   string // the account's trail writes its log files below this prefix; "/": at the top; empty: it doesn't
}

// s3Service is S3 as far as listing objects and reading one whole, by path-style
// addresses.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func s3Service() service {
	return service{
		name: "s3", source: "s3.amazonaws.com", protocol: restXML,
		routes: func(r *http.Request) string {
			bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			switch {
			case r.Method != http.MethodGet || bucket == "":
				return ""
			case key != "":
				return "GetObject"
			case r.URL.Query().Get("list-type") == "2":
				return "ListObjectsV2"
			}
			return ""
		},
		actions: map[string]action{
			"GetObject":     {do: getObject, asks: mayRead("s3:GetObject"), reads: true, data: true},
			"ListObjectsV2": {do: listObjects, asks: mayRead("s3:ListBucket"), reads: true, data: true},
		},
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

// mayRead asks for a permission on a bucket or on an object in it.
func mayRead(permission string) func(*request) *apiError {
	return func(r *request) *apiError {
		bucket, owner, key := r.bucketAsked()
		if bucket == nil {
			return &apiError{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
		}
		if region := cmp.Or(bucket.Region, standardRegion); region != r.region {
			return &apiError{Status: 301, Code: "PermanentRedirect", Region: region,
				Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."}
		}
		on := target{arn: fmt.Sprintf("arn:%s:s3:::%s", owner.partition, bucket.Name)}
		if key != "" {
			on.arn += "/" + key
		}
		return r.permit(permission, on, owner, bucket.Policy, false)
	}
}

func getObject(r *request) (any, *apiError) {
	bucket, owner, key := r.bucketAsked()
	_, read := bucket.contents(owner)
	text, ok := read(key)
	if !ok {
		return nil, &apiError{Status: 404, Code: "NoSuchKey", Message: "The specified key does not exist."}
	}
	return object(text), nil
}
