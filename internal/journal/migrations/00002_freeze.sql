-- +goose Up
-- A person's order to stop everything.
create table freeze (
    id     integer primary key,
    began  text not null,                -- RFC 3339, UTC
    until  text not null,                -- RFC 3339, UTC; empty: until it is lifted
    why    text not null,
    who    text not null,
    lifted text not null default ''      -- RFC 3339, UTC; empty: not lifted
);

-- Accounts are looked at one by one.
create index record_account on record (account, started);
