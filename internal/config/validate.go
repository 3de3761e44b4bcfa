package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/keytend/keytend/internal/policy"
)

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// validator finds what each field alone doesn't show: what can't fit together,
// and what looks like a mistake.
type validator struct {
	*decoder
	policy   *Policy
	read     func(string) ([]byte, error)
	folder   string
	checks   Checks
	warnings []Problem
}

// at is where a field was written; where it wasn't, the field around it, or
// the file.
func (v *validator) at(path string) Place {
	for path != "" {
		if place, found := v.where[path]; found {
			return place
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Place{File: v.file}
}

func (v *validator) warn(at Place, format string, args ...any) {
	v.warnings = append(v.warnings, Problem{at, fmt.Sprintf(format, args...)})
}

func (v *validator) all() {
	p := v.policy
	v.settings(p.Settings, "")
	if !v.bad["rules"] && !v.bad["times"] {
		v.together(p.Settings, v.where, Place{File: v.file})
	}
	v.closed(p.Settings, "")
	v.shared(p.Destinations)
	for i, o := range p.Overrides {
		v.override(o, fmt.Sprintf("overrides[%d]", i))
	}
	v.exemptions()
	v.admins()
	v.accounts()
	v.owners()
	v.managed()
	v.budgets()
	v.ramp()
	v.notices()
	v.gate()
	v.mode()
	v.idle()
}

// settings checks what was written at one level.
func (v *validator) settings(s Settings, path string) {
	for i, w := range s.Windows {
		v.window(w, fmt.Sprintf("%s[%d]", join(path, "windows"), i))
	}
	for i, f := range s.Freezes {
		v.freeze(f, fmt.Sprintf("%s[%d]", join(path, "freezes"), i))
	}
	for i, d := range s.Destinations {
		v.destination(d, fmt.Sprintf("%s[%d]", join(path, "destinations"), i))
	}
	for i, a := range s.Approvers {
		v.approver(a, fmt.Sprintf("%s[%d]", join(path, "approvers"), i))
	}
}

func (v *validator) window(w Window, path string) {
	at := v.at(path)
	if v.bad[path] {
		return
	}
	switch {
	case w.From == w.Until:
		v.wrong(at, `window: from %s until %s is no time at all; the whole day is from "00:00" until "24:00"`, w.From, w.Until)
	case w.From == Clock(policy.Day):
		v.wrong(at, `window: from 24:00: write "00:00" and the day after`)
	}
	seen := map[Weekday]bool{}
	for i, day := range w.Days {
		if seen[day] && day != "" {
			v.wrong(v.at(fmt.Sprintf("%s.days[%d]", path, i)), "window: %s is listed twice", day)
		}
		seen[day] = true
	}
	if _, given := v.where[path+".days"]; given && len(w.Days) == 0 {
		v.wrong(v.at(path+".days"), "window: no day; leave days out for every day")
	}
}

func (v *validator) freeze(f Freeze, path string) {
	if f.From.text == "" || f.Until.text == "" {
		return
	}
	if s := f.span(); !s.From.Before(s.Until) {
		v.wrong(v.at(path), "freeze: from %s until %s: it ends before it begins", f.From, f.Until)
	}
}

func (v *validator) destination(text, path string) {
	if text == "" {
		return
	}
	at := v.at(path)
	for _, part := range braced.FindAllString(text, -1) {
		if !contains(placeholders, part) {
			v.wrong(at, "destination %s: unknown placeholder %s; want %s", text, part, listed(placeholders))
			return
		}
	}
	if v.checks.Destination == nil {
		return
	}
	if err := v.checks.Destination(parseTemplate(text).filled("user", "123456789012", "/path/")); err != nil {
		v.wrong(at, "%v", err)
	}
}

// shared warns of destinations that all users would have in common.
func (v *validator) shared(destinations []string) {
	for i, text := range destinations {
		if !strings.Contains(text, "{user}") && !v.bad["destinations"] {
			v.warn(v.at(fmt.Sprintf("destinations[%d]", i)), "destination %s: every user's key would be delivered to the same place; say {user}, or name it in an override", text)
		}
	}
}

// ARNs of principals, with * for anything.
var approverForm = regexp.MustCompile(`^(\*|arn:[a-z*-]+:(iam|sts|\*)::[0-9*]*:[^\s]+)$`)

func (v *validator) approver(text, path string) {
	if text != "" && !approverForm.MatchString(text) {
		v.wrong(v.at(path), "approver %q: want an ARN, such as arn:aws:iam::123456789012:role/KeytendApprover; * stands for anything", text)
	}
}

func (v *validator) override(o Override, path string) {
	v.settings(o.Settings, path)
	v.condition(&o.When)
	if v.bad[path] || o.layer.node == nil {
		return
	}
	s, where := o.layer.over(v.policy.Settings)
	if len(where) <= 1 {
		v.warn(o.layer.place, "override: it changes nothing")
	}
	if !v.bad["rules"] && !v.bad["times"] {
		v.together(s, where, o.layer.place)
	}
}

func (v *validator) exemptions() {
	for i, e := range v.policy.Exemptions {
		path := fmt.Sprintf("exemptions[%d]", i)
		v.condition(&e.When)
		for field, text := range map[string]string{"reason": e.Reason, "approver": e.Approver} {
			if place, given := v.where[path+"."+field]; given && strings.TrimSpace(text) == "" && !v.bad[path+"."+field] {
				v.wrong(place, "%s: empty; an exemption says why, and who answers for it", field)
			}
		}
	}
}

func (v *validator) accounts() {
	o := v.policy.Accounts.Organization
	if o == nil {
		return
	}
	for field, terms := range map[string][]string{"include": o.Include, "exclude": o.Exclude} {
		for i, term := range terms {
			if v.checks.Account == nil || term == "" {
				continue
			}
			if err := v.checks.Account(term); err != nil {
				v.wrong(v.at(fmt.Sprintf("accounts.organization.%s[%d]", field, i)), "%s: %v", field, err)
			}
		}
	}
	for field, role := range map[string]string{"role": o.Role, "roles.read": o.Roles.Read, "roles.deliver": o.Roles.Deliver,
		"roles.create": o.Roles.Create, "roles.deactivate": o.Roles.Deactivate, "roles.delete": o.Roles.Delete} {
		if strings.HasPrefix(role, "arn:") {
			v.wrong(v.at("accounts.organization."+field), "role %q: want the name of the role that every account has, not an ARN", role)
		}
	}
	if !o.Roles.None() && o.Roles.Read == "" && o.Role == "" {
		v.wrong(v.at("accounts.organization.roles"), "roles: want one to read as (read), or one for everything that has none of its own (role, beside roles)")
	}
}

// storeForm is an identity store's ID.
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_GetUserId.html
var storeForm = regexp.MustCompile(`^d-[0-9a-f]{10}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// people checks where it is known who is still there.
func (v *validator) people() {
	o := v.policy.Owners
	switch {
	case o.IdentityStore != "" && !storeForm.MatchString(o.IdentityStore):
		v.wrong(v.at("owners.identity_store"), "identity store %q: want its ID, such as d-1234567890", o.IdentityStore)
	case o.IdentityStore == "" && o.IdentityStoreRegion != "":
		v.wrong(v.at("owners.identity_store_region"), "identity_store_region goes with identity_store")
	case o.IdentityStore != "" && o.Fallback == "":
		v.warn(v.at("owners.identity_store"), "identity_store: without a fallback, nobody is told in the place of those who have left")
	}
}

// regionForm is an AWS region's name.
var regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

func (v *validator) managed() {
	m := v.policy.Managed
	if len(m.CloudFormationRegions) > 0 && !m.CloudFormation {
		v.wrong(v.at("managed.cloudformation_regions"), "cloudformation_regions goes with cloudformation: true")
	}
	for i, region := range m.CloudFormationRegions {
		if region != "" && !regionForm.MatchString(region) {
			v.wrong(v.at(fmt.Sprintf("managed.cloudformation_regions[%d]", i)), "region %q: want a region's name, such as eu-central-1", region)
		}
	}
}

func (v *validator) owners() {
	for path := range v.policy.Owners.Paths {
		if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") {
			v.wrong(v.at("owners.paths."+path), "path %q: IAM's paths begin and end with a slash, such as /team-a/", path)
		}
	}
	v.people()
	file := v.policy.Owners.File
	if file == "" {
		return
	}
	path := Beside(v.folder, file)
	data, err := v.read(path)
	if err != nil {
		v.wrong(v.at("owners.file"), "owners file: %v", err)
		return
	}
	table, problems := readOwners(file, filepath.ToSlash(path), data)
	v.policy.owned = table
	v.problems = append(v.problems, problems...)
}

// Beside is a path that a policy names: relative ones are relative to the
// policy's folder.
func Beside(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, filepath.FromSlash(path))
}

func (v *validator) budgets() {
	b := v.policy.Budgets
	if b.Total > 0 && b.PerAccount > b.Total {
		v.warn(v.at("budgets.per_account"), "per_account %d is more than total %d, and never reached", b.PerAccount, b.Total)
	}
	for field, n := range map[string]int{"per_account": b.PerAccount, "total": b.Total, "new_per_day": b.NewPerDay} {
		if place, given := v.where["budgets."+field]; given && n == 0 && !v.bad["budgets."+field] {
			v.warn(place, "%s 0 means no bound; to stop everything: mode: observe", field)
		}
	}
}

func (v *validator) ramp() {
	r := v.policy.Ramp
	if r == nil {
		return
	}
	if _, given := v.where["ramp.per_week"]; given && r.PerWeek == 0 && !v.bad["ramp.per_week"] {
		v.wrong(v.at("ramp.per_week"), "per_week: want 1 or more; to change nothing: mode: observe")
	}
	seen := map[Wave]bool{}
	for i, w := range r.Order {
		if w != "" && seen[w] {
			v.wrong(v.at(fmt.Sprintf("ramp.order[%d]", i)), "order: %s is listed twice", w)
		}
		seen[w] = true
	}
	if len(r.Order) < len(Wave("").allowed()) && !v.bad["ramp.order"] {
		v.warn(v.at("ramp.order"), "order: what isn't listed comes last")
	}
}

// mode finds approvers that nobody asks, and approvals that nobody may give.
func (v *validator) mode() {
	approving := v.policy.Mode == Mode(policy.Approve)
	for _, o := range v.policy.Overrides {
		approving = approving || o.Mode == Mode(policy.Approve)
	}
	switch {
	case !approving && len(v.policy.Approvers) > 0:
		v.warn(v.at("approvers"), "approvers are asked in mode approve only, and the mode is %s", v.policy.Mode)
	case v.policy.Mode == Mode(policy.Approve) && len(v.policy.Approvers) == 0:
		v.warn(v.at("mode"), "mode approve without approvers: nobody may say yes, so nothing is changed; name them under approvers")
	}
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}
