package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

const (
	// reportPatience is how long a report may take to be made. AWS takes
	// seconds, for the largest accounts a few minutes.
	reportPatience = 10 * time.Minute

	// firstPoll and slowestPoll bound the wait between two questions for the
	// report. In between it is a fifth of the time waited so far: late by a
	// fifth at most, and yet few questions.
	firstPoll   = 100 * time.Millisecond
	slowestPoll = 10 * time.Second

	// reportSlack is how much a report may seem older than the scan and yet be
	// made by it: its time and AWS's clock are both known to the second only.
	reportSlack = 2 * time.Second
)

// report is the credential report, if it could be had.
type report struct {
	rows  []ReportRow
	at    time.Time // when AWS generated it; UTC
	fresh bool      // generated while Collect ran
	err   error
}

func (r report) usable() bool { return !r.at.IsZero() && r.err == nil }

var errReportLate = fmt.Errorf("the credential report was not ready within %s", reportPatience)

// gatherReport returns the account's credential report, having it made where
// none of the last four hours is stored.
func (c *collector) gatherReport(ctx context.Context) report {
	if c.options.Live {
		return report{}
	}
	c.progress(PhaseReport, 0, 1)
	stored, err := c.fetchReport(ctx)
	if err != nil {
		return report{err: err}
	}
	r := report{at: stored.GeneratedAt}
	r.fresh = !r.at.Before(c.session.At(c.began).Add(-reportSlack))
	for row, err := range ParseCredentialReport(bytes.NewReader(stored.Content)) {
		if err != nil {
			return report{err: err}
		}
		r.rows = append(r.rows, row)
	}
	if r.at.IsZero() {
		return report{err: errors.New("the credential report doesn't say when it was generated")}
	}
	c.progress(PhaseReport, 1, 1)
	return r
}

// fetchReport asks for the stored report and, at the same time, for one to be
// made: while a stored one lasts, the second question changes nothing and the
// first has saved a round trip.
func (c *collector) fetchReport(ctx context.Context) (awsapi.CredentialReport, error) {
	made := make(chan error, 1)
	go func() {
		_, err := c.session.GenerateCredentialReport(ctx)
		made <- err
	}()
	stored, err := c.session.CredentialReport(ctx)
	generateErr := <-made
	if !notYet(err) {
		return stored, err
	}
	if generateErr != nil && awsapi.ClassOf(generateErr) != awsapi.LimitExceeded && !errors.Is(err, awsapi.ErrReportNotReady) {
		return awsapi.CredentialReport{}, generateErr
	}
	return c.pollReport(ctx)
}

// notYet reports whether waiting can help.
func notYet(err error) bool {
	return errors.Is(err, awsapi.ErrReportMissing) || errors.Is(err, awsapi.ErrReportNotReady)
}

func (c *collector) pollReport(ctx context.Context) (awsapi.CredentialReport, error) {
	for waited := time.Duration(0); waited < reportPatience; waited = time.Since(c.began) {
		if err := sleep(ctx, min(max(firstPoll, waited/5), slowestPoll)); err != nil {
			return awsapi.CredentialReport{}, err
		}
		stored, err := c.session.CredentialReport(ctx)
		if !notYet(err) {
			return stored, err
		}
		if errors.Is(err, awsapi.ErrReportMissing) {
			if err := c.generateAgain(ctx); err != nil {
				return awsapi.CredentialReport{}, err
			}
		}
	}
	return awsapi.CredentialReport{}, errReportLate
}

// generateAgain asks anew where the first request led to nothing. Too many
// requests (LimitExceeded) are no reason to give up, only to wait.
func (c *collector) generateAgain(ctx context.Context) error {
	_, err := c.session.GenerateCredentialReport(ctx)
	if awsapi.ClassOf(err) == awsapi.LimitExceeded {
		return nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// reportFact is what the inventory says of the report that was used.
func (s *seen) reportFact(live bool) accesskey.Fact[time.Time] {
	switch {
	case live:
		return accesskey.Unread[time.Time]("not asked for: every user was listed live")
	case s.report.err != nil:
		why := "the report could not be had, so every user was listed live: " + failureText(s.report.err)
		return accesskey.Unread[time.Time](why)
	}
	return accesskey.Observed(s.report.at, s.report.at, "iam:GetCredentialReport")
}

// failureText is an error as a fact's reason: one line, no secrets.
func failureText(err error) string {
	return strings.TrimSuffix(awsapi.Redact(err.Error()), ".")
}
