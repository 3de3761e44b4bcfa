package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// noteDetails fills in what the account-wide calls tell of a user besides its
// keys.
func (u *observedUser) noteDetails(s *seen, judge *privilegeJudge) {
	if credentials := s.services[u.Name]; s.servicesErr == nil {
		u.ServiceCredentials = accesskey.Observed(credentials, s.servicesAt, fromServices)
	} else {
		u.ServiceCredentials = accesskey.Unread[[]accesskey.ServiceCredential](failureText(s.servicesErr))
	}
	if u.detailed {
		u.Tags = accesskey.Observed(u.listed.Tags, u.at, fromDetails)
		u.Groups = accesskey.Observed(u.listed.Groups, u.at, fromDetails)
		u.ManagedPolicies = accesskey.Observed(u.listed.ManagedPolicies, u.at, fromDetails)
	} else {
		u.withoutDetails(s)
	}
	u.Privilege = judge.privilege(u)
}

func (u *observedUser) withoutDetails(s *seen) {
	why := "the user was created while the users were listed"
	if s.detailsErr != nil {
		why = failureText(s.detailsErr)
	}
	u.Tags = accesskey.Unread[map[string]string](why)
	u.Groups = accesskey.Unread[[]string](why)
	u.ManagedPolicies = accesskey.Unread[[]string](why)
}

// groupFact is the account's groups with what is attached to them.
func (s *seen) groupFact() accesskey.Fact[[]accesskey.Group] {
	if s.policiesErr != nil {
		return accesskey.Unread[[]accesskey.Group](failureText(s.policiesErr))
	}
	groups := make([]accesskey.Group, 0, len(s.groups))
	for _, g := range s.groups {
		groups = append(groups, accesskey.Group{Name: g.Name, ManagedPolicies: g.ManagedPolicies})
	}
	return accesskey.Observed(groups, s.policiesAt, fromDetails)
}

// account names the account, from whatever told.
func (s *seen) account() accesskey.Account {
	account := accesskey.Account{ID: s.identity.Account, Partition: s.identity.Partition, Alias: s.alias}
	if s.aliasErr != nil {
		account.NoAlias = failureText(s.aliasErr)
	}
	if account.ID == "" {
		account.ID, account.Partition = s.accountOfARNs()
	}
	return account
}

// accountOfARNs reads account and partition from any user's ARN.
func (s *seen) accountOfARNs() (id, partition string) {
	arns := make([]string, 0, 2)
	if len(s.users) > 0 {
		arns = append(arns, s.users[0].ARN)
	}
	if len(s.report.rows) > 0 {
		arns = append(arns, s.report.rows[0].ARN)
	}
	for _, arn := range arns {
		if parts := strings.Split(arn, ":"); len(parts) >= 6 {
			return parts[4], parts[1]
		}
	}
	return "", ""
}

// root is the root user as the report shows it, corrected by the account
// summary, which is always of now, but which AWS doesn't say whether it counts
// keys that are off. So it takes away no key that the report shows.
func (s *seen) root() accesskey.Root {
	root := s.rootOfReport()
	if s.summaryErr != nil {
		return root
	}
	keys, _ := root.Keys.Get()
	switch {
	case !s.summary.RootKeys && len(keys) == 0:
		root.Keys = accesskey.Observed([]accesskey.Key{}, s.summaryAt, fromSummary)
	case !s.summary.RootKeys && !s.report.fresh:
		root.Keys = accesskey.Observed(s.doubted(keys), root.Keys.At(), root.Keys.Source())
	case len(keys) == 0:
		root.Keys = accesskey.Observed([]accesskey.Key{unseenKey("the account summary tells only that the root user has an access key")}, s.summaryAt, fromSummary)
	}
	certificates, _ := root.SigningCertificates.Get()
	switch {
	case !s.summary.RootCertificates:
		root.SigningCertificates = accesskey.Observed([]accesskey.SigningCertificate{}, s.summaryAt, fromSummary)
	case len(certificates) == 0:
		root.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate]("the account summary tells only that the root user has a signing certificate")
	}
	return root
}

// doubted are the root user's keys of an old report where the summary counts
// none: those that were not off may have been switched off or deleted since.
func (s *seen) doubted(keys []accesskey.Key) []accesskey.Key {
	doubted := slices.Clone(keys)
	for i := range doubted {
		if status, known := doubted[i].Status.Get(); known && status != accesskey.Inactive {
			doubted[i].Status = accesskey.Unread[accesskey.Status](fmt.Sprintf(
				"%s in the credential report of %s, not counted in the account summary of %s", status, stamp(s.report.at), stamp(s.summaryAt)))
		}
	}
	return doubted
}

func (s *seen) rootOfReport() accesskey.Root {
	for i := range s.report.rows {
		if row := &s.report.rows[i]; row.Root() {
			return accesskey.Root{
				Keys:                accesskey.Observed(reportKeys(row, s.report.at), s.report.at, fromReport),
				Password:            reportPassword(row, s.report.at),
				SigningCertificates: reportCertificates(row, s.report.at),
			}
		}
	}
	why := "no credential report was used"
	if s.report.err != nil {
		why = failureText(s.report.err)
	}
	return accesskey.Root{
		Keys:                accesskey.Unread[[]accesskey.Key](why),
		Password:            accesskey.Unread[accesskey.Password](why),
		SigningCertificates: accesskey.Unread[[]accesskey.SigningCertificate](why),
	}
}
