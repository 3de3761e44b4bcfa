-- +goose Up
-- Where keys are used: aggregates of events. No parameter of a call, no secret.
create table use (
    account text    not null,
    key     text    not null,            -- access key ID
    via     text    not null,            -- which stream told: "history eu-central-1"
    source  text    not null,            -- address, VPC endpoint, AWS service
    agent   text    not null,            -- useragent.Agent as JSON
    service text    not null,
    action  text    not null,
    region  text    not null,
    first   text    not null,            -- RFC 3339, UTC
    last    text    not null,            -- RFC 3339, UTC
    count   integer not null,
    errors  integer not null,
    denied  integer not null,
    days    text    not null,            -- usage.Days: runs of days since 1970
    primary key (account, key, via, source, agent, service, action, region)
) without rowid;

-- How far each stream was read.
create table reading (
    account text not null,
    key     text not null,
    via     text not null,
    body    text not null,               -- usage.Reading as JSON
    primary key (account, key, via)
) without rowid;
