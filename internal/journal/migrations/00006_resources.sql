-- +goose Up
-- What calls named: ARNs with spaces between, and how many calls didn't tell.
alter table use add column resources text not null default '';
alter table use add column unnamed integer not null default 0;
update use set unnamed = count - errors;
