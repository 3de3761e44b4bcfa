package awsapi

import (
	"context"
	"encoding/json"
	"iter"
)

// SecurityHub is Security Hub in the session's region: findings that come by
// the account's own default product.
type SecurityHub struct{ session *Session }

// SecurityHub returns Security Hub in the session's region. It makes no call.
func (s *Session) SecurityHub() SecurityHub { return SecurityHub{s} }

// FindingsAtOnce is how many findings one import takes.
const FindingsAtOnce = 100

// NotImported is a finding that Security Hub refused.
type NotImported struct {
	ID      string `json:"Id"`
	Code    string `json:"ErrorCode"`
	Message string `json:"ErrorMessage"`
}

// Import creates or updates at most FindingsAtOnce findings in the AWS Security
// Finding Format (securityhub:BatchImportFindings), and returns those that were
// refused.
func (h SecurityHub) Import(ctx context.Context, findings []json.RawMessage) ([]NotImported, error) {
	var out struct{ FailedFindings []NotImported }
	in := map[string]any{"Findings": findings}
	if err := h.call(ctx, "BatchImportFindings", "findings/import", in, &out); err != nil {
		return nil, err
	}
	for i, failed := range out.FailedFindings {
		out.FailedFindings[i].Message = Redact(failed.Message)
	}
	return out.FailedFindings, nil
}

// ActiveFindings lists the findings of a product that are ACTIVE and whose
// generator begins so (securityhub:GetFindings). It ends at the first error.
func (h SecurityHub) ActiveFindings(ctx context.Context, product, generator string) iter.Seq2[json.RawMessage, error] {
	type filter struct{ Value, Comparison string }
	in := map[string]any{"MaxResults": FindingsAtOnce, "Filters": map[string][]filter{
		"ProductArn":  {{product, "EQUALS"}},
		"GeneratorId": {{generator, "PREFIX"}},
		"RecordState": {{"ACTIVE", "EQUALS"}},
	}}
	return func(yield func(json.RawMessage, error) bool) {
		for last := ""; ; {
			var page struct {
				Findings  []json.RawMessage
				NextToken string
			}
			err := h.call(ctx, "GetFindings", "findings", in, &page)
			if err == nil && last != "" && page.NextToken == last {
				err = h.session.fail("securityhub:GetFindings", errCutOff)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, finding := range page.Findings {
				if !yield(finding, nil) {
					return
				}
			}
			if page.NextToken == "" {
				return
			}
			last, in["NextToken"] = page.NextToken, page.NextToken
		}
	}
}

func (h SecurityHub) call(ctx context.Context, action, path string, in, out any) error {
	err := h.session.wireJSON(ctx, wireCall{service: "SecurityHub", host: "securityhub", action: action, path: path}, in, out)
	return h.session.fail("securityhub:"+action, err)
}
