package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Summary is what GetAccountSummary tells at a glance.
type Summary struct {
	KeyQuota         int  // access keys a user may have
	RootKeys         bool // the root user has at least one access key, of whatever status
	RootCertificates bool
}

// Summary reads the account's summary (iam:GetAccountSummary).
func (s *Session) Summary(ctx context.Context) (Summary, error) {
	out, err := s.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}, s.iamAPI("GetAccountSummary"))
	if err != nil {
		return Summary{}, s.fail("iam:GetAccountSummary", err)
	}
	number := func(key types.SummaryKeyType) int { return int(out.SummaryMap[string(key)]) }
	return Summary{
		KeyQuota:         number(types.SummaryKeyTypeAccessKeysPerUserQuota),
		RootKeys:         number(types.SummaryKeyTypeAccountAccessKeysPresent) > 0,
		RootCertificates: number(types.SummaryKeyTypeAccountSigningCertificatesPresent) > 0,
	}, nil
}

// Alias returns the account's sign-in alias (iam:ListAccountAliases); empty
// where it has none.
func (s *Session) Alias(ctx context.Context) (string, error) {
	out, err := s.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{}, s.iamAPI("ListAccountAliases"))
	if err != nil {
		return "", s.fail("iam:ListAccountAliases", err)
	}
	if len(out.AccountAliases) == 0 {
		return "", nil
	}
	return out.AccountAliases[0], nil
}
