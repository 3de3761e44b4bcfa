package awsapi

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/accesskey"
)

// ListedKey is one access key as ListAccessKeys shows it.
type ListedKey struct {
	ID      accesskey.ID
	Status  accesskey.Status
	Created time.Time // UTC, to the second
}

// Keys lists one user's access keys (iam:ListAccessKeys, every page), in AWS's
// order, which is not that of the credential report's slots. A user who is gone
// is an error of class NotFound; an answer that leaves the list out is an error
// too, never "no keys".
func (s *Session) Keys(ctx context.Context, user string) ([]ListedKey, error) {
	in := &iam.ListAccessKeysInput{UserName: aws.String(user)}
	var keys []ListedKey
	for {
		out, err := s.iam.ListAccessKeys(ctx, in, s.iamAPI("ListAccessKeys"))
		if err != nil {
			return nil, s.fail("iam:ListAccessKeys", err)
		}
		if out.AccessKeyMetadata == nil {
			return nil, s.fail("iam:ListAccessKeys", errors.New("answer has no AccessKeyMetadata"))
		}
		for _, k := range out.AccessKeyMetadata {
			keys = append(keys, ListedKey{
				ID: accesskey.ID(aws.ToString(k.AccessKeyId)), Status: accesskey.Status(k.Status), Created: aws.ToTime(k.CreateDate).UTC(),
			})
		}
		if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); in.Marker == nil {
			return keys, s.fail("iam:ListAccessKeys", err)
		}
	}
}

// KeyLastUsed returns a key's latest published use and its user's name
// (iam:GetAccessKeyLastUsed). Never used is an answer without a date; an answer
// without last-used data is an error.
func (s *Session) KeyLastUsed(ctx context.Context, id accesskey.ID) (use accesskey.LastUse, user string, err error) {
	out, err := s.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(string(id))}, s.iamAPI("GetAccessKeyLastUsed"))
	if err != nil {
		return accesskey.LastUse{}, "", s.fail("iam:GetAccessKeyLastUsed", err)
	}
	last := out.AccessKeyLastUsed
	if last == nil {
		return accesskey.LastUse{}, "", s.fail("iam:GetAccessKeyLastUsed", errors.New("answer has no AccessKeyLastUsed"))
	}
	use = accesskey.LastUse{At: aws.ToTime(last.LastUsedDate).UTC(), Region: unlessNA(last.Region), Service: unlessNA(last.ServiceName)}
	if use.Never() && use != (accesskey.LastUse{}) {
		return accesskey.LastUse{}, "", s.fail("iam:GetAccessKeyLastUsed", errors.New("answer names a service or region but no date"))
	}
	return use, aws.ToString(out.UserName), nil
}

// unlessNA turns AWS's word for none into none.
func unlessNA(text *string) string {
	if s := aws.ToString(text); s != "N/A" {
		return s
	}
	return ""
}
