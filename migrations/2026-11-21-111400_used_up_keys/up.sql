-- A target that was recorded for removal is used up for ever: acknowledging marks its record, which stays.
alter table pending_deletes add column removed_at timestamptz;
create index pending_deletes_created_at_idx on pending_deletes (created_at, id) where removed_at is null;

comment on table pending_deletes is
    'What is to be removed from the store, and what was: no row may name such a key ever again.';
comment on column pending_deletes.id is 'A UUIDv7 of the service''s; a target that is recorded again gets another.';
comment on column pending_deletes.created_at is 'When it was recorded; lists page by it.';
comment on column pending_deletes.removed_at is 'When its removal was acknowledged. NULL means that it is to be removed.';
