package onaws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// User implements rotation.Keys: three kinds of calls, iam:GetUser,
// iam:ListAccessKeys and iam:GetAccessKeyLastUsed.
func (a *Account) User(ctx context.Context, subject accesskey.Subject) accesskey.Fact[accesskey.User] {
	if _, err := a.own(ctx, subject); err != nil {
		return unread[accesskey.User](err)
	}
	asked := time.Now()
	found, err := a.session.User(ctx, subject.User)
	at := a.session.At(asked)
	switch {
	case awsapi.ClassOf(err) == awsapi.NotFound:
		return accesskey.Observed(accesskey.User{}, at, "iam:GetUser")
	case err != nil:
		return unread[accesskey.User](err)
	}
	a.mark(found)
	user := accesskey.User{
		Name: found.Name, ID: found.ID, ARN: found.ARN, Path: found.Path, Created: found.Created,
		Tags: accesskey.Observed(found.Tags, at, "iam:GetUser"),
		Keys: a.keys(ctx, subject.User),
	}
	return accesskey.Observed(user, at, "iam:GetUser")
}

func (a *Account) keys(ctx context.Context, user string) accesskey.Fact[[]accesskey.Key] {
	const source = "iam:ListAccessKeys"
	asked := time.Now()
	listed, err := a.session.Keys(ctx, user)
	if err != nil {
		return unread[[]accesskey.Key](err)
	}
	at := a.session.At(asked)
	keys := make([]accesskey.Key, 0, len(listed))
	for _, k := range listed {
		keys = append(keys, accesskey.Key{
			ID: accesskey.Observed(k.ID, at, source), Status: accesskey.Observed(k.Status, at, source),
			Created: accesskey.Observed(k.Created, at, source), LastUsed: a.lastUsed(ctx, user, k),
		})
	}
	return accesskey.Observed(keys, at, source)
}

// lastUsed reads one key's last use. An answer about a key of somebody else's
// or of nobody's, which is gone, is none.
func (a *Account) lastUsed(ctx context.Context, user string, key awsapi.ListedKey) accesskey.Fact[accesskey.LastUse] {
	const source = "iam:GetAccessKeyLastUsed"
	asked := time.Now()
	use, owner, err := a.session.KeyLastUsed(ctx, key.ID)
	if err == nil && owner != user {
		err = fmt.Errorf("%s: key %s belongs to %q now", source, key.ID, owner)
	}
	if err != nil {
		return unread[accesskey.LastUse](err)
	}
	a.remember(key, use)
	return accesskey.Observed(use, a.session.At(asked), source)
}

// remember notes when a key was made and where it was used: CloudTrail is asked
// by both.
func (a *Account) remember(key awsapi.ListedKey, use accesskey.LastUse) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.created[key.ID] = key.Created
	if a.regions[key.ID] == nil {
		a.regions[key.ID] = map[string]bool{}
	}
	if use.Region != "" {
		a.regions[key.ID][use.Region] = true
	}
}

// Quota implements rotation.Keys (iam:GetAccountSummary).
func (a *Account) Quota(ctx context.Context) accesskey.Fact[int] {
	const source = "iam:GetAccountSummary"
	asked := time.Now()
	summary, err := a.session.Summary(ctx)
	if err == nil && summary.KeyQuota == 0 {
		err = errors.New(source + " does not tell how many keys a user may have")
	}
	if err != nil {
		return unread[int](err)
	}
	return accesskey.Observed(summary.KeyQuota, a.session.At(asked), source)
}

// makers are words in the user agents of programs that make a key anew when it
// is gone, or rotate it themselves.
var makers = []struct{ word, name string }{
	{"Terraform", "Terraform"},
	{"OpenTofu", "OpenTofu"},
	{"Pulumi", "Pulumi"},
	{"cloudformation.amazonaws.com", "CloudFormation"},
	{"CloudFormation", "CloudFormation"},
	{"crossplane", "Crossplane"},
	{"vault", "HashiCorp Vault"},
	{"secretsmanager.amazonaws.com", "AWS Secrets Manager"},
}

// mark remembers through which secret a rotation function replaces the user's key.
func (a *Account) mark(u awsapi.User) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.marks[u.Name] = u.Tags[rotation.SecretTag]
}

// marked is the secret that the user's tag names; empty: none. A user that
// nobody has looked at yet is looked at.
func (a *Account) marked(ctx context.Context, user string) (string, error) {
	a.lock.Lock()
	secret, seen := a.marks[user]
	a.lock.Unlock()
	if seen || a.options.Function {
		return secret, nil
	}
	found, err := a.session.User(ctx, user)
	if awsapi.ClassOf(err) == awsapi.NotFound {
		return "", nil
	}
	return found.Tags[rotation.SecretTag], err
}

// Managed implements rotation.Keys: the rotation function that the user's tag
// tells of, or whom Options.Elsewhere names, else the program that made the key, where CloudTrail may be read and still has the
// event. Where it may not, nobody is known: the right to read it is not needed
// to rotate.
func (a *Account) Managed(ctx context.Context, subject accesskey.Subject, key accesskey.ID) accesskey.Fact[string] {
	at := a.Now()
	if secret, err := a.marked(ctx, subject.User); err != nil {
		return unread[string](err)
	} else if secret != "" && !a.options.Function {
		return accesskey.Observed(fmt.Sprintf("the rotation function of secret %s (the user's tag %s; to hand it over, switch that secret's rotation off, let its last rotation end, and remove the tag)",
			secret, rotation.SecretTag), at, "iam:GetUser")
	}
	if ask := a.options.Elsewhere; ask != nil {
		by, err := ask(ctx, subject, key)
		if err != nil {
			return unread[string](err)
		}
		if by != "" {
			return accesskey.Observed(by, at, "this computer")
		}
	}
	author, err := a.author(ctx, subject, key)
	switch class := awsapi.ClassOf(err); {
	case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
		return accesskey.Observed("", at, "this computer alone: "+failed(err))
	case err != nil:
		return unread[string](err)
	}
	_, agent, _ := strings.Cut(author.By, byAgent)
	for _, m := range makers {
		if strings.Contains(strings.ToLower(agent), strings.ToLower(m.word)) {
			return accesskey.Observed(m.name+", by which it was made (CloudTrail: "+author.By+")", at, trailSource)
		}
	}
	return accesskey.Observed("", at, trailSource)
}
