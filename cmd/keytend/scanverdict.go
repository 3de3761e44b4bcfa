package main

import (
	"context"
	"fmt"
	"os"

	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// verdict turns what was found into the exit code. Told is why the
// notification failed.
func (s *scan) verdict(found result, told error) error {
	if told != nil {
		s.app.say(told)
	}
	if err := partial(found.failures); err != nil {
		return err
	}
	return s.findingsVerdict(s.failing(found), told)
}

// findingsVerdict is the verdict where everything could be read.
func (s *scan) findingsVerdict(failing int, told error) error {
	if failing > 0 {
		return verdict{code: exitFindings, text: s.findingsText(failing)}
	}
	if told != nil {
		return verdict{code: exitFailed, text: "the report is complete, the notification was not sent"}
	}
	return nil
}

// failing counts the findings that --fail-on and --baseline make fatal.
func (s *scan) failing(found result) int {
	n := 0
	for _, f := range found.Findings {
		if s.fatal(f, found.compared) {
			n++
		}
	}
	return n
}

// fatal reports whether a finding makes the exit code 3. Compared says that a
// baseline was given and doesn't have it.
func (s *scan) fatal(f policy.Finding, compared bool) bool {
	if s.failOn.value == "" {
		return compared
	}
	limit, err := policy.ParseSeverity(s.failOn.value)
	return err == nil && f.Severity >= limit // choice let only severities through
}

func (s *scan) findingsText(n int) string {
	kind := "finding"
	if s.baseline != "" {
		kind = "new finding"
	}
	text := count(n, kind)
	if s.failOn.value != "" {
		text += " at or above " + s.failOn.value
	}
	return text
}

// tell sends the notification where there is anything to tell.
func (s *scan) tell(ctx context.Context, found result) error {
	if s.notify == "" || len(found.Findings) == 0 {
		return nil
	}
	title, text := report.Digest(found.Scan)
	return notify.Send(ctx, s.notify, title, text)
}

func readBaseline(path string) (report.Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return report.Baseline{}, fmt.Errorf("read baseline: %w", err)
	}
	defer func() { _ = f.Close() }()
	baseline, err := report.ReadBaseline(f)
	if err != nil {
		return report.Baseline{}, fmt.Errorf("read baseline %s: %w", path, err)
	}
	return baseline, nil
}
