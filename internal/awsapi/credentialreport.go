package awsapi

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// The report's states that a caller acts upon; see errors.Is.
var (
	ErrReportMissing  = errors.New("no credential report of the last four hours exists") // ReportNotPresent, ReportExpired
	ErrReportNotReady = errors.New("the credential report is being made")                // ReportInProgress
)

// CredentialReport is the account's stored credential report.
type CredentialReport struct {
	Content     []byte    // CSV
	GeneratedAt time.Time // UTC
}

// GenerateCredentialReport asks AWS to make a credential report and reports
// whether one is complete: AWS answers so at once while it holds one younger
// than four hours.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
func (s *Session) GenerateCredentialReport(ctx context.Context) (complete bool, err error) {
	out, err := s.iam.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{}, s.iamAPI("GenerateCredentialReport"))
	if err != nil {
		return false, s.fail("iam:GenerateCredentialReport", err)
	}
	return out.State == types.ReportStateTypeComplete, nil
}

// CredentialReport fetches the stored report. Errors match ErrReportMissing or
// ErrReportNotReady where AWS says so.
func (s *Session) CredentialReport(ctx context.Context) (CredentialReport, error) {
	out, err := s.iam.GetCredentialReport(ctx, &iam.GetCredentialReportInput{}, s.iamAPI("GetCredentialReport"))
	if err != nil {
		return CredentialReport{}, s.fail("iam:GetCredentialReport", err)
	}
	return CredentialReport{Content: out.Content, GeneratedAt: aws.ToTime(out.GeneratedTime).UTC()}, nil
}
