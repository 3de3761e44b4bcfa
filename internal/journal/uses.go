package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
)

// Reading implements evidence.Keeper.
func (j *Journal) Reading(ctx context.Context, s usage.Stream) (usage.Reading, []usage.Use, error) {
	var r usage.Reading
	var uses []usage.Use
	err := j.each(ctx, func(rows *sql.Rows) error {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		return json.Unmarshal([]byte(body), &r)
	}, `select body from reading where account = ? and key = ? and via = ?`, s.Account, s.Key, s.Via)
	if err == nil {
		err = j.each(ctx, func(rows *sql.Rows) error {
			_, _, u, err := scanUse(rows)
			uses = append(uses, u)
			return err
		}, useColumns+` where account = ? and key = ? and via = ?`, s.Account, s.Key, s.Via)
	}
	return r, uses, wrapped("read where key "+string(s.Key)+" was used", err)
}

// KeepReading implements evidence.Keeper.
func (j *Journal) KeepReading(ctx context.Context, s usage.Stream, r usage.Reading, uses []usage.Use) error {
	err := j.write(ctx, func(tx *sql.Tx) error {
		body, err := encode(r)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert or replace into reading (account, key, via, body) values (?, ?, ?, ?)`, s.Account, s.Key, s.Via, body); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `delete from use where account = ? and key = ? and via = ?`, s.Account, s.Key, s.Via); err != nil {
			return err
		}
		return insertUses(ctx, tx, s, uses)
	})
	return wrapped("write down where key "+string(s.Key)+" was used", err)
}

func insertUses(ctx context.Context, tx *sql.Tx, s usage.Stream, uses []usage.Use) error {
	insert, err := tx.PrepareContext(ctx, `insert into use (account, key, via, source, agent, service, action, region, first, last, count, errors, denied, days, resources, unnamed)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	for _, u := range uses {
		agent, err := json.Marshal(u.Agent)
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, s.Account, s.Key, s.Via, u.Source, string(agent), u.Service, u.Action, u.Region,
			stamp(u.First), stamp(u.Last), u.Count, u.Errors, u.Denied, u.Days.String(), strings.Join(u.Resources, " "), u.Unnamed); err != nil {
			return err
		}
	}
	return nil
}

const useColumns = `select key, via, source, agent, service, action, region, first, last, count, errors, denied, days, resources, unnamed from use`

func scanUse(rows *sql.Rows) (key accesskey.ID, via string, u usage.Use, err error) {
	var agent, first, last, days, resources string
	err = rows.Scan(&key, &via, &u.Source, &agent, &u.Service, &u.Action, &u.Region, &first, &last, &u.Count, &u.Errors, &u.Denied, &days, &resources, &u.Unnamed)
	if err == nil {
		u.First, u.Last = parsed(first), parsed(last)
		u.Resources = strings.Fields(resources)
		u.Days, err = usage.ParseDays(days)
	}
	return key, via, u, errors.Join(err, json.Unmarshal([]byte(agent), &u.Agent))
}

// Uses returns where the keys of an account were used, as far as it is on
// record: what different streams told is put together, no event twice.
func (j *Journal) Uses(ctx context.Context, account string) (map[accesskey.ID][]usage.Use, error) {
	streams := map[usage.Stream]*usage.Tally{}
	err := j.each(ctx, func(rows *sql.Rows) error {
		key, via, u, err := scanUse(rows)
		kind, _, _ := strings.Cut(via, " ")
		if kind == "athena" || kind == "lake" { // two tables may well have the same events
			kind = via
		}
		s := usage.Stream{Account: account, Key: key, Via: kind}
		if streams[s] == nil {
			streams[s] = &usage.Tally{}
		}
		streams[s].Sum(u)
		return err
	}, useColumns+` where account = ?`, account)
	tallies := map[accesskey.ID]*usage.Tally{}
	for s, t := range streams {
		if tallies[s.Key] == nil {
			tallies[s.Key] = &usage.Tally{}
		}
		for _, u := range t.Uses() {
			tallies[s.Key].Widen(u)
		}
	}
	uses := make(map[accesskey.ID][]usage.Use, len(tallies))
	for key, t := range tallies {
		uses[key] = t.Uses()
	}
	return uses, wrapped("read where keys of account "+account+" were used", err)
}

// Streams returns which streams of a key were read before.
func (j *Journal) Streams(ctx context.Context, account string, key accesskey.ID) ([]usage.Stream, error) {
	var list []usage.Stream
	err := j.each(ctx, func(rows *sql.Rows) error {
		list = append(list, usage.Stream{Account: account, Key: key})
		return rows.Scan(&list[len(list)-1].Via)
	}, `select via from reading where account = ? and key = ? order by via`, account, key)
	return list, wrapped("read what is known of key "+string(key), err)
}

// UsersOfKeys returns whose the keys of an account were whose uses are on record.
func (j *Journal) UsersOfKeys(ctx context.Context, account string) (map[accesskey.ID]string, error) {
	users := map[accesskey.ID]string{}
	err := j.each(ctx, func(rows *sql.Rows) error {
		var key accesskey.ID
		var body string
		var r usage.Reading
		if err := rows.Scan(&key, &body); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(body), &r)
		if r.User != "" {
			users[key] = r.User
		}
		return err
	}, `select key, body from reading where account = ?`, account)
	return users, wrapped("read whose keys of account "+account+" were", err)
}
