package awsapi

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Summary is what GetAccountSummary tells at a glance.
type Summary struct {
	KeyQuota         int  // access keys a user may have
	RootKeys         bool // the root user has an access key; AWS doesn't say whether one that is off counts
	RootCertificates bool
}

// Summary reads the account's summary (iam:GetAccountSummary). A number that the
// answer leaves out is an error, not nought.
func (s *Session) Summary(ctx context.Context) (Summary, error) {
	out, err := s.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}, s.iamAPI("GetAccountSummary"))
	if err != nil {
		return Summary{}, s.fail("iam:GetAccountSummary", err)
	}
	var missing []string
	number := func(key types.SummaryKeyType) int {
		n, said := out.SummaryMap[string(key)]
		if !said {
			missing = append(missing, string(key))
		}
		return int(n)
	}
	summary := Summary{
		KeyQuota:         number(types.SummaryKeyTypeAccessKeysPerUserQuota),
		RootKeys:         number(types.SummaryKeyTypeAccountAccessKeysPresent) > 0,
		RootCertificates: number(types.SummaryKeyTypeAccountSigningCertificatesPresent) > 0,
	}
	if len(missing) > 0 {
		return Summary{}, s.fail("iam:GetAccountSummary", errors.New("answer has no "+strings.Join(missing, ", ")))
	}
	return summary, nil
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
