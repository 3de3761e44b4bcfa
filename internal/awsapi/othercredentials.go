package awsapi

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keytend/keytend/internal/accesskey"
)

// OwnedServiceCredential is a service-specific credential and whose it is.
type OwnedServiceCredential struct {
	User string
	accesskey.ServiceCredential
}

// ServiceCredentials pages through the service-specific credentials of all
// users (iam:ListServiceSpecificCredentials with AllUsers). It ends at the
// first error.
func (s *Session) ServiceCredentials(ctx context.Context) iter.Seq2[[]OwnedServiceCredential, error] {
	return func(yield func([]OwnedServiceCredential, error) bool) {
		in := &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true), MaxItems: aws.Int32(pageSize)}
		for {
			out, err := s.iam.ListServiceSpecificCredentials(ctx, in, s.iamAPI("ListServiceSpecificCredentials"))
			if err != nil {
				yield(nil, s.fail("iam:ListServiceSpecificCredentials", err))
				return
			}
			if !yield(ownedCredentials(out.ServiceSpecificCredentials), nil) {
				return
			}
			if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); err != nil {
				yield(nil, s.fail("iam:ListServiceSpecificCredentials", err))
			}
			if in.Marker == nil {
				return
			}
		}
	}
}

func ownedCredentials(list []types.ServiceSpecificCredentialMetadata) []OwnedServiceCredential {
	var found []OwnedServiceCredential
	for _, c := range list {
		found = append(found, OwnedServiceCredential{aws.ToString(c.UserName), accesskey.ServiceCredential{
			ID: aws.ToString(c.ServiceSpecificCredentialId), Service: aws.ToString(c.ServiceName), Status: accesskey.Status(c.Status),
			Created: aws.ToTime(c.CreateDate).UTC(), Expires: aws.ToTime(c.ExpirationDate).UTC(),
		}})
	}
	return found
}

// SigningCertificates lists one user's signing certificates
// (iam:ListSigningCertificates, every page).
func (s *Session) SigningCertificates(ctx context.Context, user string) ([]accesskey.SigningCertificate, error) {
	in := &iam.ListSigningCertificatesInput{UserName: aws.String(user)}
	var found []accesskey.SigningCertificate
	for {
		out, err := s.iam.ListSigningCertificates(ctx, in, s.iamAPI("ListSigningCertificates"))
		if err != nil {
			return nil, s.fail("iam:ListSigningCertificates", err)
		}
		for _, c := range out.Certificates {
			if status := accesskey.Status(c.Status); !status.Known() {
				return nil, s.fail("iam:ListSigningCertificates", fmt.Errorf("certificate %s has an unknown status %q", aws.ToString(c.CertificateId), status))
			}
			found = append(found, accesskey.SigningCertificate{Active: c.Status == types.StatusTypeActive, Changed: aws.ToTime(c.UploadDate).UTC()})
		}
		if in.Marker, err = nextPage(out.IsTruncated, out.Marker, in.Marker); in.Marker == nil {
			return found, s.fail("iam:ListSigningCertificates", err)
		}
	}
}
