package awsapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/accesskey"
)

// User reads one user with tags and boundary, without groups and policies
// (iam:GetUser). A user who isn't there is an error of class NotFound.
func (s *Session) User(ctx context.Context, name string) (User, error) {
	out, err := s.iam.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(name)}, s.iamAPI("GetUser"))
	if err == nil && (out.User == nil || aws.ToString(out.User.UserId) == "") {
		err = errors.New("answer has no user")
	}
	if err != nil {
		return User{}, s.fail("iam:GetUser", err)
	}
	user := listedUser(*out.User)
	user.Tags = tags(out.User.Tags)
	if out.User.PermissionsBoundary != nil {
		user.PermissionsBoundary = aws.ToString(out.User.PermissionsBoundary.PermissionsBoundaryArn)
	}
	return user, nil
}

// CreateKey makes a user's new access key (iam:CreateAccessKey), Once: AWS takes
// no token that would make a second attempt harmless. The secret is in no other
// answer of AWS's.
func (s *Session) CreateKey(ctx context.Context, user string, how Once) (accesskey.ID, accesskey.Secret, error) {
	const call = "iam:CreateAccessKey"
	out, err := once(ctx, s, call, how, s.iam.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		return "", accesskey.Secret{}, err
	}
	if out.AccessKey == nil || out.AccessKey.AccessKeyId == nil || out.AccessKey.SecretAccessKey == nil {
		return "", accesskey.Secret{}, s.fail(call, errors.New("answer has no key"))
	}
	return accesskey.ID(*out.AccessKey.AccessKeyId), accesskey.NewSecret(*out.AccessKey.SecretAccessKey), nil
}

// SetKeyStatus switches a key on or off (iam:UpdateAccessKey), Once.
func (s *Session) SetKeyStatus(ctx context.Context, user string, id accesskey.ID, status accesskey.Status, how Once) error {
	_, err := once(ctx, s, "iam:UpdateAccessKey", how, s.iam.UpdateAccessKey, &iam.UpdateAccessKeyInput{
		UserName: aws.String(user), AccessKeyId: aws.String(string(id)), Status: types.StatusType(status),
	})
	return err
}

// DeleteKey deletes a key (iam:DeleteAccessKey), Once. AWS deletes it whatever
// its status is.
func (s *Session) DeleteKey(ctx context.Context, user string, id accesskey.ID, how Once) error {
	_, err := once(ctx, s, "iam:DeleteAccessKey", how, s.iam.DeleteAccessKey, &iam.DeleteAccessKeyInput{
		UserName: aws.String(user), AccessKeyId: aws.String(string(id)),
	})
	return err
}

// TagUser sets one of a user's tags (iam:TagUser), Once. Key: up to 128, value:
// up to 256 letters, digits, spaces and _.:/=+-@.
func (s *Session) TagUser(ctx context.Context, user, key, value string, how Once) error {
	_, err := once(ctx, s, "iam:TagUser", how, s.iam.TagUser, &iam.TagUserInput{
		UserName: aws.String(user), Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
	})
	return err
}

// UntagUser removes one of a user's tags, whatever its value
// (iam:UntagUser), Once.
func (s *Session) UntagUser(ctx context.Context, user, key string, how Once) error {
	_, err := once(ctx, s, "iam:UntagUser", how, s.iam.UntagUser, &iam.UntagUserInput{UserName: aws.String(user), TagKeys: []string{key}})
	return err
}

// UserPolicy reads one of a user's inline policies as JSON (iam:GetUserPolicy).
// One that isn't there is an error of class NotFound.
func (s *Session) UserPolicy(ctx context.Context, user, policy string) (string, error) {
	out, err := s.iam.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String(user), PolicyName: aws.String(policy)}, s.iamAPI("GetUserPolicy"))
	if err != nil {
		return "", s.fail("iam:GetUserPolicy", err)
	}
	return decodeDocument(out.PolicyDocument), nil
}

// PutUserPolicy writes one of a user's inline policies, over what stands there
// (iam:PutUserPolicy), Once.
func (s *Session) PutUserPolicy(ctx context.Context, user, policy, document string, how Once) error {
	_, err := once(ctx, s, "iam:PutUserPolicy", how, s.iam.PutUserPolicy, &iam.PutUserPolicyInput{
		UserName: aws.String(user), PolicyName: aws.String(policy), PolicyDocument: aws.String(document),
	})
	return err
}
