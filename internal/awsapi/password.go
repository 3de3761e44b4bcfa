package awsapi

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/accesskey"
)

// Password reads a user's console password: whether there is one
// (iam:GetLoginProfile) and, only then, when it was last used (iam:GetUser) and
// whether an MFA device guards it (iam:ListMFADevices). When it was last
// changed is told by the credential report alone.
func (s *Session) Password(ctx context.Context, user string) (accesskey.Password, error) {
	_, err := s.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: aws.String(user)}, s.iamAPI("GetLoginProfile"))
	if err = s.fail("iam:GetLoginProfile", err); err != nil {
		if ClassOf(err) == NotFound {
			return accesskey.Password{}, nil
		}
		return accesskey.Password{}, err
	}
	var (
		both            sync.WaitGroup
		details         *iam.GetUserOutput
		devices         *iam.ListMFADevicesOutput
		userErr, mfaErr error
	)
	both.Go(func() {
		details, userErr = s.iam.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(user)}, s.iamAPI("GetUser"))
	})
	both.Go(func() {
		devices, mfaErr = s.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: aws.String(user)}, s.iamAPI("ListMFADevices"))
	})
	both.Wait()
	switch {
	case userErr != nil:
		return accesskey.Password{}, s.fail("iam:GetUser", userErr)
	case mfaErr != nil:
		return accesskey.Password{}, s.fail("iam:ListMFADevices", mfaErr)
	}
	password := accesskey.Password{Enabled: true, MFA: len(devices.MFADevices) > 0}
	if details.User != nil {
		password.LastUsed = aws.ToTime(details.User.PasswordLastUsed).UTC()
	}
	return password, nil
}
