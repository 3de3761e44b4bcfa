package migrate

import (
	"strings"
	"testing"
)

// TestNamesStayApart: one folder has the roles of all users of an account, and
// Terraform refuses two resources of one name.
func TestNamesStayApart(t *testing.T) {
	long := strings.Repeat("x", 60)
	labels, names := map[string]string{}, map[string]string{}
	for _, user := range []string{"a.b", "a-b", "a_b", "a@b", "a+b", "a=b", "a,b", "a..b", "ab", "Reporting", long + "-one", long + "-two"} {
		name := roleName(user, Lambda, false)
		if len(name) > 64 || !strings.HasSuffix(name, "-role") {
			t.Errorf("the role of %q is called %q", user, name)
		}
		if other, taken := names[name]; taken {
			t.Errorf("%q and %q get one role, %q", user, other, name)
		}
		label := roleLabel(name)
		if other, taken := labels[label]; taken {
			t.Errorf("%q and %q get one label, %q", user, other, label)
		}
		names[name], labels[label] = user, user
	}
	if got := roleLabel(roleName("nightly-billing", Lambda, false)); got != "nightly_billing_role" {
		t.Errorf("a plain name became %q", got)
	}
}
