package awsapi

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keytend/keytend/internal/accesskey"
)

// RootTask is what a root session may do: AWS's managed policy of that name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/security-iam-awsmanpol.html
type RootTask string

// The tasks. Deleting may read too.
const (
	AuditRoot  RootTask = "IAMAuditRootUserCredentials"
	DeleteRoot RootTask = "IAMDeleteRootUserCredentials"
)

// rootSessionLife is the longest that AWS gives.
const rootSessionLife = 15 * time.Minute

// AssumeRoot opens a session as the root user of a member account, for one task
// and a quarter of an hour (sts:AssumeRoot, which only regional endpoints have).
// The caller is the management account or IAM's delegated administrator, where
// root sessions are on in the organization.
func (s *Session) AssumeRoot(ctx context.Context, account string, task RootTask) (*Session, error) {
	caller, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	in := &sts.AssumeRootInput{
		TargetPrincipal: aws.String(account), DurationSeconds: aws.Int32(int32(rootSessionLife / time.Second)),
		TaskPolicyArn: &types.PolicyDescriptorType{Arn: aws.String("arn:" + caller.Partition + ":iam::aws:policy/root-task/" + string(task))},
	}
	retryer := s.retryers.of("sts:AssumeRoot")
	out, err := s.sts.AssumeRoot(ctx, in, func(o *sts.Options) { o.Retryer = retryer })
	if err != nil {
		return nil, s.fail("sts:AssumeRoot", err)
	}
	key, err := credentialsOf(out.Credentials)
	if err != nil {
		return nil, s.fail("sts:AssumeRoot", err)
	}
	key.Source = "sts:AssumeRoot"
	cfg := s.config.Copy()
	cfg.Credentials = aws.NewCredentialsCache(onlyKey(key))
	other := s.sibling(cfg)
	other.chain = &chain{bottom: s.chain.bottom, cache: s.chain.cache}
	other.identity = Identity{Account: account, ARN: "arn:" + caller.Partition + ":iam::" + account + ":root", UserID: account, Partition: caller.Partition}
	return other, nil
}

// onlyKey is credentials that can't be renewed.
type onlyKey aws.Credentials

// Retrieve implements aws.CredentialsProvider.
func (k onlyKey) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials(k), nil }

// RootAccess reports whether the organization has root sessions switched on
// (iam:ListOrganizationsFeatures), which the management account and IAM's
// delegated administrator may ask.
func (s *Session) RootAccess(ctx context.Context) (bool, error) {
	out, err := s.iam.ListOrganizationsFeatures(ctx, &iam.ListOrganizationsFeaturesInput{}, s.iamAPI("ListOrganizationsFeatures"))
	if err != nil {
		return false, s.fail("iam:ListOrganizationsFeatures", err)
	}
	for _, feature := range out.EnabledFeatures {
		if feature == "RootSessions" {
			return true, nil
		}
	}
	return false, nil
}

// RootKeys lists the root user's own keys with their last use. The session is
// the root user's, as those of AssumeRoot are; so for all that follow.
func (s *Session) RootKeys(ctx context.Context) ([]accesskey.Key, error) {
	out, err := s.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{}, s.iamAPI("ListAccessKeys"))
	if err == nil && out.AccessKeyMetadata == nil {
		err = errors.New("answer has no AccessKeyMetadata")
	}
	if err == nil && out.IsTruncated {
		err = errCutOff
	}
	if err != nil {
		return nil, s.fail("iam:ListAccessKeys", err)
	}
	at, listed := s.Now(), "iam:ListAccessKeys"
	var keys []accesskey.Key
	for _, k := range out.AccessKeyMetadata {
		id := accesskey.ID(aws.ToString(k.AccessKeyId))
		key := accesskey.Key{
			ID: accesskey.Observed(id, at, listed), Status: accesskey.Observed(accesskey.Status(k.Status), at, listed),
			Created: accesskey.Observed(aws.ToTime(k.CreateDate).UTC(), at, listed),
		}
		if use, _, err := s.KeyLastUsed(ctx, id); err != nil {
			key.LastUsed = accesskey.Unread[accesskey.LastUse](err.Error())
		} else {
			key.LastUsed = accesskey.Observed(use, s.Now(), "iam:GetAccessKeyLastUsed")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// RootPassword reads whether the root user has a password (iam:GetLoginProfile),
// when it was last used (iam:GetUser), and its MFA devices' serial numbers
// (iam:ListMFADevices).
func (s *Session) RootPassword(ctx context.Context) (password accesskey.Password, devices []string, err error) {
	_, err = s.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{}, s.iamAPI("GetLoginProfile"))
	if err = s.fail("iam:GetLoginProfile", err); err != nil && ClassOf(err) != NotFound {
		return password, nil, err
	}
	password.Enabled = err == nil
	user, err := s.iam.GetUser(ctx, &iam.GetUserInput{}, s.iamAPI("GetUser"))
	if err == nil && user.User == nil {
		err = errors.New("answer has no User")
	}
	if err != nil {
		return password, nil, s.fail("iam:GetUser", err)
	}
	password.LastUsed = aws.ToTime(user.User.PasswordLastUsed).UTC()
	out, err := s.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{}, s.iamAPI("ListMFADevices"))
	if err == nil && out.IsTruncated {
		err = errCutOff
	}
	if err != nil {
		return password, nil, s.fail("iam:ListMFADevices", err)
	}
	for _, d := range out.MFADevices {
		devices = append(devices, aws.ToString(d.SerialNumber))
	}
	password.MFA = len(devices) > 0
	return password, devices, nil
}

// RootCertificates lists the IDs of the root user's signing certificates
// (iam:ListSigningCertificates).
func (s *Session) RootCertificates(ctx context.Context) ([]string, error) {
	out, err := s.iam.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{}, s.iamAPI("ListSigningCertificates"))
	if err == nil && out.IsTruncated {
		err = errCutOff
	}
	if err != nil {
		return nil, s.fail("iam:ListSigningCertificates", err)
	}
	var ids []string
	for _, c := range out.Certificates {
		ids = append(ids, aws.ToString(c.CertificateId))
	}
	return ids, nil
}

// DeleteRootKey deletes one of the root user's keys (iam:DeleteAccessKey), Once.
func (s *Session) DeleteRootKey(ctx context.Context, id accesskey.ID, how Once) error {
	_, err := once(ctx, s, "iam:DeleteAccessKey", how, s.iam.DeleteAccessKey, &iam.DeleteAccessKeyInput{AccessKeyId: aws.String(string(id))})
	return err
}

// DeleteRootPassword takes the root user's password (iam:DeleteLoginProfile), Once.
func (s *Session) DeleteRootPassword(ctx context.Context, how Once) error {
	_, err := once(ctx, s, "iam:DeleteLoginProfile", how, s.iam.DeleteLoginProfile, &iam.DeleteLoginProfileInput{})
	return err
}

// DeleteRootCertificate deletes one of the root user's signing certificates
// (iam:DeleteSigningCertificate), Once.
func (s *Session) DeleteRootCertificate(ctx context.Context, id string, how Once) error {
	_, err := once(ctx, s, "iam:DeleteSigningCertificate", how, s.iam.DeleteSigningCertificate, &iam.DeleteSigningCertificateInput{CertificateId: aws.String(id)})
	return err
}

// DeactivateRootMFA takes an MFA device from the root user
// (iam:DeactivateMFADevice), Once.
func (s *Session) DeactivateRootMFA(ctx context.Context, serial string, how Once) error {
	_, err := once(ctx, s, "iam:DeactivateMFADevice", how, s.iam.DeactivateMFADevice, &iam.DeactivateMFADeviceInput{SerialNumber: aws.String(serial)})
	return err
}

// rootHint is about who may enter as root at all.
func rootHint(e *Error) string {
	if e.Call != "sts:AssumeRoot" || e.Class != Denied && !strings.Contains(e.Message, "Invalid task policy") {
		return ""
	}
	return "Root sessions are for the management account or IAM's delegated administrator, need sts:AssumeRoot, and must be on in the organization " +
		"(IAM console: Root access management); the management account's own root user can't be entered."
}
