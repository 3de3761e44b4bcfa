package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// hub tells Security Hub, in each account's own, what a scan found there, and
// what it doesn't find any more. It may be used by several at once.
type hub struct {
	rules    policy.Rules
	now      time.Time
	imported atomic.Int64
	archived atomic.Int64
}

// tell imports an account's findings and archives those of an earlier scan that
// are known to be mended: where a fact could not be read, the finding stays.
func (h *hub) tell(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory, findings []policy.Finding) []accesskey.Failure {
	region, _ := session.Region()
	service := session.SecurityHub()
	told := make([]report.SecurityFinding, 0, len(findings))
	for _, f := range findings {
		told = append(told, report.ASFF(f, region, h.now))
	}
	present := len(told)
	gone, err := h.mended(ctx, service, inv, region, told)
	failures := failed(inv.Account.ID, err)
	told = append(told, gone...)
	for first := 0; first < len(told); first += awsapi.FindingsAtOnce {
		batch := told[first:min(first+awsapi.FindingsAtOnce, len(told))]
		refused, err := importBatch(ctx, service, batch)
		failures = append(failures, failed(inv.Account.ID, err)...)
		failures = append(failures, refusals(inv.Account.ID, refused)...)
		if err == nil {
			h.count(batch, refused, max(0, present-first))
		}
	}
	return failures
}

// count counts what a batch came to, whose first so many are present findings.
func (h *hub) count(batch []report.SecurityFinding, refused []awsapi.NotImported, present int) {
	for i, f := range batch {
		isRefused := slices.ContainsFunc(refused, func(n awsapi.NotImported) bool { return n.ID == f.ID })
		switch {
		case isRefused:
		case i < present:
			h.imported.Add(1)
		default:
			h.archived.Add(1)
		}
	}
}

func importBatch(ctx context.Context, service awsapi.SecurityHub, batch []report.SecurityFinding) ([]awsapi.NotImported, error) {
	var documents []json.RawMessage
	for _, f := range batch {
		text, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("encode finding %s: %w", f.ID, err)
		}
		documents = append(documents, text)
	}
	return service.Import(ctx, documents)
}

// mended are the findings that Security Hub still shows and the scan knows to be
// over, archived.
func (h *hub) mended(ctx context.Context, service awsapi.SecurityHub, inv accesskey.Inventory, region string, present []report.SecurityFinding) ([]report.SecurityFinding, error) {
	known := map[string]bool{}
	for _, f := range present {
		known[f.ID] = true
	}
	var gone []report.SecurityFinding
	product := report.ProductARN(inv.Account.Partition, region, inv.Account.ID)
	for text, err := range service.ActiveFindings(ctx, product, report.SecurityGenerator) {
		if err != nil {
			return gone, err
		}
		var f report.SecurityFinding
		if err := json.Unmarshal(text, &f); err != nil {
			return gone, fmt.Errorf("read a finding of Security Hub: %w", err)
		}
		rule, user, ours := f.About()
		if ours && !known[f.ID] && policy.Gone(inv, user, rule, h.rules, h.now) {
			gone = append(gone, f.Archived(h.now))
		}
	}
	return gone, nil
}

// failed is an error as a report lists it; none for nil.
func failed(account string, err error) []accesskey.Failure {
	if err == nil {
		return nil
	}
	return []accesskey.Failure{awsapi.NewFailure(account, "", err)}
}

func refusals(account string, refused []awsapi.NotImported) []accesskey.Failure {
	var failures []accesskey.Failure
	for _, n := range refused {
		failures = append(failures, accesskey.Failure{
			Account: account, Call: "securityhub:BatchImportFindings", Class: string(awsapi.Other),
			Err: n.ID + ": " + n.Code + ": " + n.Message,
		})
	}
	return failures
}

// remark says what Security Hub was told.
func (h *hub) remark(a *app) {
	a.aside("security hub: %s imported, %d archived", count(int(h.imported.Load()), "finding"), h.archived.Load())
}
