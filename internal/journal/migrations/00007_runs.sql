-- +goose Up
-- How many keys were left when all were looked at, once a day.
create table run (
    scope    text    not null,           -- which accounts were meant
    day      text    not null,           -- 2026-11-23, UTC
    at       text    not null,           -- RFC 3339, UTC
    accounts integer not null,           -- that were read
    keys     integer not null,           -- Active
    retired  integer not null,           -- gone by way of a role so far
    partial  integer not null,           -- 1: not everything could be read
    primary key (scope, day)
) without rowid;
