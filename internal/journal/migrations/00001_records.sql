-- +goose Up
create table record (
    id      text    primary key,
    version integer not null,
    account text    not null,
    name    text    not null,            -- the user's
    live    integer not null check (live in (0, 1)),
    started text    not null,            -- RFC 3339, UTC
    body    text    not null             -- accesskey.Record as JSON
);

-- One live record a user: the record is the lock.
create unique index record_live on record (account, name) where live = 1;

create table event (
    seq     integer primary key,         -- 1, 2, 3 … without a gap
    at      text    not null,            -- RFC 3339, UTC
    account text    not null,
    name    text    not null,
    record  text    not null,
    body    text    not null,            -- journal.Entry as JSON, byte for byte what was hashed
    hash    text    not null             -- SHA-256 of body, which names the hash before
);
create index event_subject on event (account, name, seq);

create table draw (
    record text not null references record (id),
    budget text not null,
    at     text not null,                -- RFC 3339, UTC
    primary key (record, budget)
);
create index draw_budget on draw (budget, at);
