package policy

import "testing"

func TestMayDecide(t *testing.T) {
	const session = "arn:aws:sts::123456789012:assumed-role/Approver/ana"
	for _, c := range []struct {
		caller  string
		decider string
		want    bool
	}{
		{"arn:aws:iam::123456789012:user/ana", "arn:aws:iam::123456789012:user/ana", true},
		{"arn:aws:iam::123456789012:user/ana", "arn:aws:iam::123456789012:user/an", false},
		{"arn:aws:iam::210987654321:user/ana", "arn:aws:iam::123456789012:user/ana", false},
		{"arn:aws:iam::123456789012:user/sec/ana", "arn:aws:iam::123456789012:user/sec/*", true},
		{session, "arn:aws:iam::123456789012:role/Approver", true},
		{session, "arn:aws:iam::123456789012:role/sec/Approver", true},
		{session, "arn:aws:iam::123456789012:role/sec/*", false},
		{session, "arn:aws:iam::123456789012:role/*", true},
		{session, "arn:aws:iam::*:role/Approver", true},
		{session, "arn:aws:iam::123456789012:role/Other", false},
		{session, "arn:aws:sts::123456789012:assumed-role/Approver/ana", true},
		{session, "arn:aws:sts::123456789012:assumed-role/Approver/bo", false},
		{session, "*", true},
		{session, "", false},
		{"", "*", false},
		{"arn:aws:iam::123456789012:user/a", "arn:aws:iam::123456789012:user/a*a", false},
		{"arn:aws:iam::123456789012:user/role/Approver", "arn:aws:iam::123456789012:role/Approver", false},
	} {
		if got := MayDecide(c.caller, []string{"arn:aws:iam::000000000000:user/nobody", c.decider}); got != c.want {
			t.Errorf("%s by %q: %v", c.caller, c.decider, got)
		}
	}
	if MayDecide(session, nil) {
		t.Error("nobody named, somebody may")
	}
}
