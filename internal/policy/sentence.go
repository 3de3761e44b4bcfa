package policy

import "fmt"

func (c *counts) rotationPractice() Practice {
	limit := exactly(c.rules.MaxAge)
	return c.rotation.practice(Practice{
		Name: "rotation", Title: "Rotate keys within " + limit,
		Target:   "100 %: no Active key of a user is older than " + limit,
		Sentence: fmt.Sprintf("Active keys at most %s old: %d of %d", limit, c.rotation.good, c.rotation.of),
		Measured: "Age since creation of every Active key of an IAM user. A key's creation says nothing of where its secret has been since.",
	}, "no user has an Active key")
}

func (c *counts) rolesPractice() Practice {
	status := c.roles.status()
	switch {
	case c.admins+c.people > 0:
		status = StatusFail
	case c.roles.bad() > 0:
		status = StatusWarn
	}
	return c.roles.practice(Practice{
		Name: "roles-preferred", Title: "Prefer roles to keys", Status: status,
		Target: "100 %: no user holds an Active key; first those that are admin-like or also sign in to the console",
		Sentence: fmt.Sprintf("users without an Active key: %d of %d; with one: %d, known to be admin-like: %d, also with a console password: %d",
			c.roles.good, c.roles.of, c.roles.bad(), c.admins, c.people),
		Measured: "Share of IAM users without an Active key: it rises with every user whose last key goes. How much roles are used is not seen, and deleting a user that holds no key lowers it.",
	}, "there are no IAM users")
}

func (c *counts) automationPractice() Practice {
	limit := exactly(c.rules.MaxAge)
	status, none := c.automation.status(), "no user has an Active key"
	if c.automation.of == 0 && c.roles.bad()+c.roles.unknown > 0 {
		status, none = StatusUnknown, "too early to tell: no user with an Active key is older than "+limit
	}
	return c.automation.practice(Practice{
		Name: "automated-rotation", Title: "Let a machine rotate", Status: status,
		Target:   "100 %: every user older than " + limit + " has had its keys replaced in time",
		Sentence: fmt.Sprintf("users older than %s with Active keys, all of them younger than that: %d of %d", limit, c.automation.good, c.automation.of),
		Measured: "Evidence of replacement: users older than " + limit + " whose Active keys are all younger. It can't see by whom or what they were replaced, nor tell a replacement from a late first key.",
	}, none)
}

func (c *counts) monitoringPractice() Practice {
	return c.monitoring.practice(Practice{
		Name: "monitoring", Title: "Watch keys",
		Target:   fmt.Sprintf("100 %%: %d AWS Config rules in every account, with a recorder that is on", len(configRules)),
		Sentence: fmt.Sprintf("AWS Config rules about access keys in place: %d of %d", c.monitoring.good, c.monitoring.of),
		Measured: "AWS Config's managed rules by source identifier in the region asked, counted only where the configuration recorder is on. Custom rules, Security Hub and other tools are not seen, nor whether anybody is told: keytend monitor status shows that of its own watch, which keytend monitor install makes.",
	}, "")
}

func (c *counts) unusedPractice() Practice {
	limit := exactly(c.rules.Unused)
	return c.unused.practice(Practice{
		Name: "unused-keys-off", Title: "Switch unused keys off",
		Target:   "100 %: every Active key was used within " + limit,
		Sentence: fmt.Sprintf("Active keys used within %s, or younger: %d of %d", limit, c.unused.good, c.unused.of),
		Measured: "Last use that AWS has published, or creation where a key was never used. Publication lags, and a use says nothing of who used it.",
	}, "no user has an Active key")
}

func (c *counts) rootPractice() Practice {
	status := c.root.status()
	if c.root.bad() > 0 {
		status = StatusFail
	}
	return c.root.practice(Practice{
		Name: "no-root-keys", Title: "No root access keys", Status: status,
		Target:   "100 %: no account has a key of its root user that is Active, or of unknown status",
		Sentence: fmt.Sprintf("accounts without a root key, save such as are off: %d of %d", c.root.good, c.root.of),
		Measured: "The root user's row of the credential report, or the account summary. Inactive root keys are told of as inactive-key.",
	}, "")
}
