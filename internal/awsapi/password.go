package awsapi

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

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
		if ClassOf(err) == NotFound && !aboutUser(err) {
			return accesskey.Password{}, nil
		}
		return accesskey.Password{}, err
	}
	var (
		both            sync.WaitGroup
		lastUsed        time.Time
		mfa             bool
		userErr, mfaErr error
	)
	both.Go(func() { lastUsed, userErr = s.passwordLastUsed(ctx, user) })
	both.Go(func() { mfa, mfaErr = s.hasMFA(ctx, user) })
	both.Wait()
	if err := cmp.Or(userErr, mfaErr); err != nil {
		return accesskey.Password{}, err
	}
	return accesskey.Password{Enabled: true, LastUsed: lastUsed, MFA: mfa}, nil
}

// aboutUser tells by AWS's wording, which is the only place that does, whether
// the user is missing rather than its password.
func aboutUser(err error) bool {
	var e *Error
	return errors.As(err, &e) && strings.HasPrefix(e.Message, "The user with name")
}

// passwordLastUsed is zero where never.
func (s *Session) passwordLastUsed(ctx context.Context, user string) (time.Time, error) {
	out, err := s.iam.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(user)}, s.iamAPI("GetUser"))
	if err == nil && out.User == nil {
		err = errors.New("answer has no User")
	}
	if err != nil {
		return time.Time{}, s.fail("iam:GetUser", err)
	}
	return aws.ToTime(out.User.PasswordLastUsed).UTC(), nil
}

func (s *Session) hasMFA(ctx context.Context, user string) (bool, error) {
	in := &iam.ListMFADevicesInput{UserName: aws.String(user)}
	for {
		out, err := s.iam.ListMFADevices(ctx, in, s.iamAPI("ListMFADevices"))
		if err != nil {
			return false, s.fail("iam:ListMFADevices", err)
		}
		if len(out.MFADevices) > 0 {
			return true, nil
		}
		if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); in.Marker == nil {
			return false, s.fail("iam:ListMFADevices", err)
		}
	}
}
