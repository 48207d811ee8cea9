-- What was removed is to be removed again, which does no harm: its keys stay refused for as long.
drop index pending_deletes_created_at_idx;
alter table pending_deletes drop column removed_at;

comment on table pending_deletes is 'What is to be removed from the store, until that is acknowledged.';
comment on column pending_deletes.id is 'A UUIDv7 of the service''s, so in order of time; lists page by it.';
comment on column pending_deletes.created_at is 'When the row that named it was deleted.';
