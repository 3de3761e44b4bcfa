package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadPlan reads a plan that WritePlan wrote as JSON. Of its items, of which
// there may be any number, only those that wanted picks are kept.
func ReadPlan(r io.Reader, wanted func(*ItemRecord) bool) (PlanDocument, error) {
	doc, err := readPlan(json.NewDecoder(r), wanted)
	if err != nil {
		return doc, fmt.Errorf("read plan: %w", err)
	}
	if doc.Schema != PlanSchema {
		return doc, fmt.Errorf("read plan: schema %q, want %q: write one with `keytend plan --out FILE`", doc.Schema, PlanSchema)
	}
	return doc, nil
}

// readPlan reads the items one by one, and the rest, which is short, as a whole.
func readPlan(d *json.Decoder, wanted func(*ItemRecord) bool) (doc PlanDocument, err error) {
	var items []ItemRecord
	rest := map[string]json.RawMessage{}
	err = within(d, '{', func() error {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == "items" {
			items, err = readItems(d, wanted)
			return err
		}
		var value json.RawMessage
		err = d.Decode(&value)
		rest[fmt.Sprint(name)] = value
		return err
	})
	if err != nil {
		return doc, err
	}
	whole, err := json.Marshal(rest)
	if err == nil {
		err = json.Unmarshal(whole, &doc)
	}
	doc.Items = items
	return doc, err
}

func readItems(d *json.Decoder, wanted func(*ItemRecord) bool) ([]ItemRecord, error) {
	items := []ItemRecord{}
	err := within(d, '[', func() error {
		var item ItemRecord
		if err := d.Decode(&item); err != nil {
			return err
		}
		if wanted(&item) {
			items = append(items, item)
		}
		return nil
	})
	return items, err
}

// within reads what is between a bracket and its end.
func within(d *json.Decoder, bracket json.Delim, each func() error) error {
	switch begins, err := d.Token(); {
	case err != nil:
		return err
	case begins != bracket:
		return errors.New("it is no plan: want " + bracket.String())
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}
