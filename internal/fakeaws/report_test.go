package fakeaws_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/fakeaws"
)

func TestReportStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{}, adminSpec())
		client := iamFor(cloud, adminOf(cloud))
		generate := func() types.ReportStateType {
			t.Helper()
			return ok[*iam.GenerateCredentialReportOutput](t)(client.GenerateCredentialReport(ctx, nil)).State
		}
		get := func() (*iam.GetCredentialReportOutput, error) { return client.GetCredentialReport(ctx, nil) }

		_, err := get()
		wantError(t, err, 410, "ReportNotPresent")
		if got := generate(); got != types.ReportStateTypeStarted {
			t.Errorf("first generate: %s", got)
		}
		_, err = get()
		wantError(t, err, 404, "ReportInProgress")
		if got := generate(); got != types.ReportStateTypeInprogress {
			t.Errorf("second generate: %s", got)
		}
		time.Sleep(2 * time.Second)
		if got := generate(); got != types.ReportStateTypeComplete {
			t.Errorf("generate after a while: %s", got)
		}
		first := ok[*iam.GetCredentialReportOutput](t)(get())
		ok[*iam.CreateUserOutput](t)(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("late")}))
		time.Sleep(3*time.Hour + 59*time.Minute)
		if got := generate(); got != types.ReportStateTypeComplete {
			t.Errorf("generate within four hours: %s", got)
		}
		again := ok[*iam.GetCredentialReportOutput](t)(get())
		if !again.GeneratedTime.Equal(*first.GeneratedTime) || string(again.Content) != string(first.Content) {
			t.Error("within four hours the report changed")
		}
		time.Sleep(time.Minute)
		_, err = get()
		wantError(t, err, 410, "ReportExpired")
		if got := generate(); got != types.ReportStateTypeStarted {
			t.Errorf("generate after four hours: %s", got)
		}
		time.Sleep(2 * time.Second)
		if got := string(ok[*iam.GetCredentialReportOutput](t)(get()).Content); !strings.Contains(got, "\nlate,") {
			t.Errorf("new report lacks the new user:\n%s", got)
		}
		for range 30 {
			if _, err = client.GenerateCredentialReport(ctx, nil); err != nil {
				break
			}
		}
		wantError(t, err, 409, "LimitExceeded")
	})
}

// reportSpec has keys whose IDs are not in the order of creation.
func reportSpec() fakeaws.AccountSpec {
	used := &fakeaws.KeyUse{At: start.Add(-time.Hour), Service: "s3", Region: "eu-west-1"}
	older, newer := start.AddDate(0, -6, 0), start.AddDate(0, -1, 0)
	spec := adminSpec(fakeaws.UserSpec{
		Name: "a,b", Created: older, Password: &fakeaws.PasswordSpec{Created: older, MFA: true},
		Keys: []fakeaws.KeySpec{
			{ID: "AKIAZZZZZZZZZZZZZZZZ", Created: older, LastUsed: used},
			{ID: "AKIAAAAAAAAAAAAAAAAA", Created: newer, Status: "Inactive"},
			{ID: "AKIAMMMMMMMMMMMMMMMM", Created: start.AddDate(0, 0, -1)},
		},
		Certificates: []fakeaws.CertificateSpec{{ID: "CERT", Uploaded: newer}},
	})
	spec.Root = fakeaws.RootSpec{MFA: true, Keys: []fakeaws.KeySpec{{Created: older}}}
	return spec
}

func reportOf(t *testing.T, spec fakeaws.AccountSpec) []string {
	t.Helper()
	var lines []string
	synctest.Test(t, func(t *testing.T) {
		cloud := newAWS(t, fakeaws.Config{}, spec)
		client := iamFor(cloud, adminOf(cloud))
		ok[*iam.GenerateCredentialReportOutput](t)(client.GenerateCredentialReport(ctx, nil))
		time.Sleep(2 * time.Second)
		out := ok[*iam.GetCredentialReportOutput](t)(client.GetCredentialReport(ctx, nil))
		lines = strings.Split(string(out.Content), "\n")
	})
	return lines
}

func TestReportRows(t *testing.T) {
	want := []string{
		"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
			"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
			"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
			"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated",
		"<root_account>,arn:aws:iam::123456789012:root,2023-03-01T12:00:00Z,not_supported,no_information,not_supported,not_supported,true," +
			"true,2025-09-01T12:00:00Z,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
		`"a,b","arn:aws:iam::123456789012:user/a,b",2025-09-01T12:00:00Z,true,no_information,2025-09-01T12:00:00Z,N/A,true,` +
			"false,2026-02-01T12:00:00Z,N/A,N/A,N/A,true,2026-02-28T12:00:00Z,N/A,N/A,N/A,true,2026-02-01T12:00:00Z,false,N/A",
		"tester,arn:aws:iam::123456789012:user/tester,2025-03-01T12:00:00Z,false,N/A,N/A,N/A,false," +
			"true,2025-03-01T12:00:00Z,2026-03-01T12:00:00Z,us-east-1,iam,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
	}
	if diff := cmp.Diff(want, reportOf(t, reportSpec())); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestReportSpellings(t *testing.T) {
	spec := reportSpec()
	spec.ReportDateOffset, spec.ReportExtraColumn = true, true
	lines := reportOf(t, spec)
	if !strings.HasSuffix(lines[0], ",additional_credentials_info") {
		t.Errorf("header ends %q", lines[0][len(lines[0])-40:])
	}
	if !strings.Contains(lines[2], "2026-02-28T12:00:00+00:00") || !strings.Contains(lines[2], "1 additional access key") {
		t.Errorf("row is %s", lines[2])
	}
	if !strings.HasSuffix(lines[3], ",N/A") {
		t.Errorf("row without additional credentials is %s", lines[3])
	}
}

func TestStoredReportKnowsNothingNewer(t *testing.T) {
	spec := adminSpec(fakeaws.UserSpec{Name: "new", Created: start.Add(-time.Hour)}, fakeaws.UserSpec{
		Name: "old", Created: start.AddDate(-1, 0, 0), Keys: []fakeaws.KeySpec{{
			Created: start.Add(-30 * time.Minute), LastUsed: &fakeaws.KeyUse{At: start.Add(-time.Minute), Service: "s3", Region: "eu-west-1"},
		}},
	})
	spec.ReportAge = 2 * time.Hour
	cloud := newAWS(t, fakeaws.Config{}, spec)
	out := ok[*iam.GetCredentialReportOutput](t)(iamFor(cloud, adminOf(cloud)).GetCredentialReport(ctx, nil))
	if age := start.Sub(*out.GeneratedTime); age < 2*time.Hour-time.Second || age > 2*time.Hour+time.Second {
		t.Errorf("report is %v old", age)
	}
	rows := strings.Split(string(out.Content), "\n")
	if len(rows) != 4 || !strings.HasPrefix(rows[2], "old,") || !strings.Contains(rows[2], ",false,false,N/A,N/A") {
		t.Errorf("rows are\n%s", strings.Join(rows, "\n"))
	}
}
