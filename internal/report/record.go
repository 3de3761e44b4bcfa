package report

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// unknown stands where a fact could not be read.
const unknown = "unknown"

func recordRules(r policy.Rules) RulesRecord {
	return RulesRecord{
		MaxAge:    limit(r.MaxAge),
		Warn:      limit(r.Warn),
		Unused:    limit(r.Unused),
		OwnerTags: append([]string{}, r.OwnerTags...),
	}
}

func recordAccount(inv accesskey.Inventory, rules policy.Rules, now time.Time) AccountRecord {
	rec := AccountRecord{
		ID: inv.Account.ID, Partition: inv.Account.Partition, Alias: inv.Account.Alias, Name: inv.Account.Name,
		ObservedAt: inv.ObservedAt.UTC(),
		Counts:     counts(inv),
		Keys:       []KeyRecord{},
	}
	if at, ok := inv.CredentialReport.Get(); ok {
		rec.CredentialReport = &CredentialReportRecord{GeneratedAt: at.UTC()}
	} else {
		rec.CredentialReportUnknown = inv.CredentialReport.Why()
	}
	for h := range held(inv, rules) {
		rec.Keys = append(rec.Keys, recordKey(h, now))
	}
	return rec
}

func recordKey(h holding, now time.Time) KeyRecord {
	rec := KeyRecord{
		User: h.user, ARN: h.arn, Owner: h.owner,
		Status: unknown,
		Freshness: FreshnessRecord{
			ID: freshness(h.key.ID), Status: freshness(h.key.Status), Created: freshness(h.key.Created),
			LastUsed: freshness(h.key.LastUsed), Owner: freshness(h.tags), Privileged: freshness(h.privilege),
		},
		LastUsed: LastUsedRecord{fact: h.key.LastUsed},
	}
	if id, ok := h.key.ID.Get(); ok {
		rec.ID = &id
	}
	if status, ok := h.key.Status.Get(); ok {
		rec.Status = string(status)
	}
	if created, ok := h.key.Created.Get(); ok {
		days := int(now.Sub(created) / policy.Day)
		created = created.UTC()
		rec.Created, rec.AgeDays = &created, &days
	}
	if privilege, ok := h.privilege.Get(); ok {
		rec.Privileged = &privilege.Admin
	}
	return rec
}

func freshness[T any](f accesskey.Fact[T]) FactRecord {
	if !f.Known() {
		return FactRecord{Unknown: f.Why()}
	}
	return FactRecord{ObservedAt: timeOrNull(f.At()), Source: f.Source()}
}

func recordFinding(f policy.Finding) FindingRecord {
	rec := FindingRecord{
		ID: f.Identity(), Rule: string(f.Rule), Severity: f.Severity.String(),
		Account: f.Account, User: f.User, UserARN: f.UserARN,
		Reason: f.Reason, Due: timeOrNull(f.Due), Owner: f.Owner, Privileged: f.Privileged, Rank: f.Rank,
		Evidence: recordEvidence(f.Evidence),
		Controls: []ControlRecord{},
	}
	if f.KeyID != "" {
		rec.KeyID = &f.KeyID
	}
	for _, c := range f.Controls {
		rec.Controls = append(rec.Controls, ControlRecord(c))
	}
	return rec
}

func recordEvidence(facts []policy.Evidence) []EvidenceRecord {
	recs := []EvidenceRecord{}
	for _, e := range facts {
		recs = append(recs, EvidenceRecord{Fact: e.Fact, Value: e.Value, Source: e.Source, ObservedAt: timeOrNull(e.ObservedAt)})
	}
	return recs
}

func recordError(f accesskey.Failure) ErrorRecord {
	return ErrorRecord{Account: f.Account, User: f.User, Call: f.Call, Class: f.Class, Error: f.Err, Hint: f.Hint}
}

func recordLeftOut(l LeftOut) LeftOutRecord { return LeftOutRecord(l) }

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
