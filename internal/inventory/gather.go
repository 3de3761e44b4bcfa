package inventory

import (
	"context"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// Where facts come from, as they are cited.
const (
	fromReport      = accesskey.FromReport
	fromDetails     = "iam:GetAccountAuthorizationDetails"
	fromListUsers   = "iam:ListUsers"
	fromSummary     = "iam:GetAccountSummary"
	fromKeys        = "iam:ListAccessKeys"
	fromLastUsed    = "iam:GetAccessKeyLastUsed"
	fromServices    = "iam:ListServiceSpecificCredentials"
	fromCertificate = "iam:ListSigningCertificates"
	fromLogin       = "iam:GetLoginProfile"
)

// seen is what the account-wide calls told. Each call fills its own fields, so
// that all can run at once.
type seen struct {
	identity    awsapi.Identity
	identityErr error

	summary    awsapi.Summary
	summaryAt  time.Time
	summaryErr error

	alias    string
	aliasErr error

	users      []datedUser // with details where detailsErr is nil, else as far as they came
	usersBegan time.Time   // by AWS's clock, when the first page was asked for
	detailsErr error
	listErr    error // of ListUsers, asked only where detailsErr isn't nil

	groups      []awsapi.Group
	policies    []awsapi.ManagedPolicy
	policiesAt  time.Time
	policiesErr error

	services    map[string][]accesskey.ServiceCredential // by user name
	servicesAt  time.Time
	servicesErr error

	report report
}

// datedUser is a user and when the page that shows it was asked for.
type datedUser struct {
	awsapi.User
	at       time.Time
	detailed bool // from GetAccountAuthorizationDetails
}

// gather makes all calls about the whole account at once: none needs another's
// answer.
func (c *collector) gather(ctx context.Context) *seen {
	s := &seen{}
	steps := []func(){
		func() { s.identity, s.identityErr = c.session.Identity(ctx) },
		func() { c.gatherSummary(ctx, s) },
		func() { s.alias, s.aliasErr = c.session.Alias(ctx) },
		func() { c.gatherUsers(ctx, s) },
		func() { c.gatherPolicies(ctx, s) },
		func() { c.gatherServices(ctx, s) },
		func() { s.report = c.gatherReport(ctx) },
	}
	var all sync.WaitGroup
	for _, step := range steps {
		all.Go(step)
	}
	all.Wait()
	c.failures.add("", s.identityErr, s.summaryErr, s.aliasErr, s.detailsErr, s.listErr, s.policiesErr, s.servicesErr, s.report.err)
	return s
}

func (c *collector) gatherSummary(ctx context.Context, s *seen) {
	asked := time.Now()
	s.summary, s.summaryErr = c.session.Summary(ctx)
	s.summaryAt = c.session.At(asked)
}

func (c *collector) gatherUsers(ctx context.Context, s *seen) {
	asked := time.Now()
	for page, err := range c.session.AuthorizedUsers(ctx) {
		if err != nil {
			s.detailsErr = err
			break
		}
		for _, u := range page.Users {
			s.users = append(s.users, datedUser{User: u, at: page.At, detailed: true})
		}
		c.progress(PhaseUsers, len(s.users), 0)
	}
	if s.detailsErr != nil && ctx.Err() == nil {
		c.listUsers(ctx, s)
	}
	s.usersBegan = c.session.At(asked)
}

// listUsers completes the users from ListUsers where the details could not be
// had, or not to the end.
func (c *collector) listUsers(ctx context.Context, s *seen) {
	known := make(map[string]bool, len(s.users))
	for _, u := range s.users {
		known[u.ID] = true
	}
	for page, err := range c.session.ListUsers(ctx) {
		if err != nil {
			s.listErr = err
			return
		}
		for _, u := range page.Users {
			if !known[u.ID] {
				s.users = append(s.users, datedUser{User: u, at: page.At})
			}
		}
		c.progress(PhaseUsers, len(s.users), 0)
	}
}

// usersComplete reports whether every user of the account was listed.
func (s *seen) usersComplete() bool { return s.detailsErr == nil || s.listErr == nil }

func (c *collector) gatherPolicies(ctx context.Context, s *seen) {
	asked := time.Now()
	for page, err := range c.session.GroupsAndPolicies(ctx) {
		if err != nil {
			s.policiesErr = err
			break
		}
		s.groups = append(s.groups, page.Groups...)
		s.policies = append(s.policies, page.Policies...)
	}
	s.policiesAt = c.session.At(asked)
}

func (c *collector) gatherServices(ctx context.Context, s *seen) {
	asked := time.Now()
	s.services = make(map[string][]accesskey.ServiceCredential)
	for page, err := range c.session.ServiceCredentials(ctx) {
		if err != nil {
			s.servicesErr = err
			break
		}
		for _, credential := range page {
			s.services[credential.User] = append(s.services[credential.User], credential.ServiceCredential)
		}
	}
	s.servicesAt = c.session.At(asked)
}

// nothing returns an error where there is no source of users at all: the one
// that says most about why.
func (s *seen) nothing() error {
	if s.usersComplete() || s.report.usable() || len(s.users) > 0 {
		return nil
	}
	switch awsapi.ClassOf(s.identityErr) {
	case awsapi.CredentialsMissing, awsapi.CredentialsInvalid, awsapi.CredentialsExpired, awsapi.ClockSkew, awsapi.Network:
		return s.identityErr
	}
	return s.listErr
}
