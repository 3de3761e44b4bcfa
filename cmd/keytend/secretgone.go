package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/policy"
)

// secretsAtOnce is how many secrets of an account are asked for at the same time.
const secretsAtOnce = 8

// goneSecrets adds the users who were rotated through a secret that is not there any
// more. Users who are not rotated so cost nothing.
func goneSecrets(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory, findings []policy.Finding) ([]policy.Finding, []accesskey.Failure) {
	named := policy.NamedSecrets(inv)
	errs := make([]error, len(named))
	var asking errgroup.Group
	asking.SetLimit(secretsAtOnce)
	for i := range named {
		s := &named[i]
		if s.Region == "" {
			continue
		}
		asking.Go(func() error {
			_, errs[i] = session.Secrets(s.Region).Describe(ctx, s.Name)
			s.Read = now(session)
			return nil
		})
	}
	_ = asking.Wait() // each error is told of its user
	var failures []accesskey.Failure
	for i, s := range named {
		switch err := errs[i]; {
		case s.Region == "", stored.Missing(err):
			findings = append(findings, s.Gone(inv.Account.ID))
		case err != nil:
			failures = append(failures, awsapi.NewFailure(inv.Account.ID, s.User.Name, err))
		}
	}
	return findings, failures
}
