-- +goose Up
-- What has ended is asked for by when it did, and what a person rejected by that:
-- an account's history grows, and is not read through for either.
alter table record add column ended text not null default ''; -- RFC 3339, UTC; empty: live
update record set ended = body ->> '$.ended' where live = 0;
create index record_ended on record (account, ended);
create index record_rejected on record (account) where live = 0 and body ->> '$.rejection' is not null;
