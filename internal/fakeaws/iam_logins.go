package fakeaws

import (
	"strings"
	"time"
)

func loginActions() map[string]action {
	return map[string]action{
		"CreateLoginProfile": {do: createLoginProfile, on: onUser, needs: []string{"Password"}},
		"GetLoginProfile":    {do: getLoginProfile, on: onUser},
		"UpdateLoginProfile": {do: updateLoginProfile, on: onUser, needs: []string{"UserName"}},
		"DeleteLoginProfile": {do: deleteLoginProfile, on: onUser},
	}
}

type loginShape struct {
	UserName              string
	CreateDate            time.Time
	PasswordResetRequired bool
}

func (u *user) loginShape() loginShape {
	return loginShape{u.name, u.password.Created, u.password.reset}
}

func errNoLogin(name string) *apiError {
	return errNoEntity("Login Profile for User " + name + " cannot be found.")
}

func createLoginProfile(r *request) (any, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	if u.password != nil {
		return nil, errExists("Login Profile for user " + u.name + " already exists.")
	}
	if err := checkPassword(r.value("Password")); err != nil {
		return nil, err
	}
	now := second(r.now)
	u.password = &password{PasswordSpec{Created: now, LastChanged: now}, r.value("PasswordResetRequired") == "true"}
	return struct{ LoginProfile loginShape }{u.loginShape()}, nil
}

// checkPassword is the policy of an account that has set none: eight characters
// of three kinds.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
func checkPassword(secret string) *apiError {
	kinds := 0
	for _, of := range []string{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789", "!@#$%^&*()_+-=[]{}|'"} {
		if strings.ContainsAny(secret, of) {
			kinds++
		}
	}
	if len(secret) < 8 || kinds < 3 {
		return &apiError{Status: 400, Code: "PasswordPolicyViolation", Message: "Password does not conform to the account password policy."}
	}
	return nil
}

// login finds the login profile that a call is about.
func (r *request) login() (*user, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	if u.password == nil {
		return nil, errNoLogin(u.name)
	}
	return u, nil
}

func getLoginProfile(r *request) (any, *apiError) {
	if r.aboutRoot() {
		return getRootPassword(r)
	}
	u, err := r.login()
	if err != nil {
		return nil, err
	}
	return struct{ LoginProfile loginShape }{u.loginShape()}, nil
}

func updateLoginProfile(r *request) (any, *apiError) {
	u, err := r.login()
	if err != nil {
		return nil, err
	}
	if secret := r.value("Password"); secret != "" {
		if err := checkPassword(secret); err != nil {
			return nil, err
		}
		u.password.LastChanged = second(r.now)
	}
	if reset := r.value("PasswordResetRequired"); reset != "" {
		u.password.reset = reset == "true"
	}
	return nil, nil
}

func deleteLoginProfile(r *request) (any, *apiError) {
	if r.aboutRoot() {
		return deleteRootPassword(r)
	}
	u, err := r.login()
	if err != nil {
		return nil, err
	}
	u.password = nil
	return nil, nil
}

// changed is when the password was last set.
func (p *password) changed() time.Time {
	if p.LastChanged.IsZero() {
		return p.Created
	}
	return p.LastChanged
}
