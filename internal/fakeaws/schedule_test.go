package fakeaws

import (
	"testing"
	"time"
)

// TestCron holds the expressions of AWS's documentation to what it says of them.
func TestCron(t *testing.T) {
	from := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC) // a Wednesday
	for expression, want := range map[string]string{
		"rate(10 days)":                 "2026-03-14 09:30",
		"rate(1 minute)":                "2026-03-04 09:31",
		"cron(0 10 * * ? *)":            "2026-03-04 10:00",
		"cron(15 9 * * ? *)":            "2026-03-05 09:15",
		"cron(0 18 ? * SAT *)":          "2026-03-07 18:00",
		"cron(0 18 ? * MON-FRI *)":      "2026-03-04 18:00",
		"cron(0 8 1 * ? *)":             "2026-04-01 08:00",
		"cron(0 1 ? 1/3 SUN *)":         "2026-04-05 01:00",
		"cron(0 1 * 1/3 SUN *)":         "2026-04-05 01:00", // as Secrets Manager's page has it
		"cron(0 17 L * ? *)":            "2026-03-31 17:00",
		"cron(0 16 1,15 * ? *)":         "2026-03-15 16:00",
		"cron(0 0 ? * SUN#1 *)":         "2026-04-05 00:00",
		"cron(0 0 ? * TUE#3 *)":         "2026-03-17 00:00",
		"cron(0 0 ? * 6L *)":            "2026-03-27 00:00",
		"cron(0 0 15W * ? *)":           "2026-03-16 00:00", // the 15th is a Sunday
		"cron(0/15 8-17 ? * MON-FRI *)": "2026-03-04 09:45",
		"cron(0 0 29 2 ? *)":            "2028-02-29 00:00",
		"cron(0 0 1 1 ? 2027-2028)":     "2027-01-01 00:00",
		"cron(0 0 1 1 ? 2025)":          "never",
		"at(2026-04-01T06:00:00)":       "2026-04-01 06:00",
		"at(2026-02-01T06:00:00)":       "never",
		"rate(0 days)":                  "refused",
		"rate(5 weeks)":                 "refused",
		"cron(0 0 * * * *)":             "refused",
		"cron(0 0 ? * ? *)":             "refused",
		"cron(60 0 * * ? *)":            "refused",
		"cron(0 0 * * ?)":               "refused",
		"every day":                     "refused",
		"cron(0 0 1-x * ? *)":           "refused",
		"cron(0 0 ? * FUN#1 *)":         "refused",
	} {
		s, err := parseSchedule(expression, time.UTC)
		got := "refused"
		if err == nil {
			got = "never"
			if next := s.next(from); !next.IsZero() {
				got = next.Format("2006-01-02 15:04")
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v)", expression, got, want, err)
		}
	}
}

func TestCronInAZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("skipped: no time zones:", err)
	}
	s, err := parseSchedule("cron(30 2 * * ? *)", berlin)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.next(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)).Format(time.RFC3339); got != "2026-06-02T00:30:00Z" {
		t.Error(got)
	}
}
