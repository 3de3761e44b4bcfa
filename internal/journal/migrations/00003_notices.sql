-- +goose Up
-- What people were told, or are being told: it stands in the outbox.
create table told (
    recipient text    not null,
    account   text    not null,
    name      text    not null,          -- the user's
    thing     text    not null,          -- the key ID, or what of the user it is about
    occasion  text    not null,
    step      integer not null,
    at        text    not null,          -- RFC 3339, UTC
    digest    text    not null references digest (id),
    primary key (recipient, account, name, thing, occasion, step)
) without rowid;

-- One digest a recipient and day.
create table digest (
    id        text primary key,
    recipient text not null,
    day       text not null,             -- 2026-11-23, UTC
    at        text not null,             -- RFC 3339, UTC
    unique (recipient, day)
);

-- The outbox: written before anything is sent, marked after.
create table parcel (
    id      text    primary key,         -- the idempotency key
    channel text    not null,
    state   text    not null check (state in ('pending', 'sent', 'dead')),
    next    text    not null,            -- RFC 3339, UTC: not tried before; of a sent one, when it was
    tries   integer not null,
    body    text    not null             -- notice.Parcel as JSON
);
create index parcel_pending on parcel (next) where state = 'pending';

create table ack (
    account text not null,
    name    text not null,               -- the user's
    thing   text not null,               -- the key ID; empty: all of the user
    until   text not null,               -- RFC 3339, UTC
    body    text not null,               -- notice.Ack as JSON
    primary key (account, name, thing)
) without rowid;
