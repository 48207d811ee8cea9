-- What is known of object keys beside the rows that name them. Keys are ASCII and compare by their bytes.

create table pending_deletes (
    id uuid primary key,
    target varchar(1024) collate "C" not null,
    is_prefix boolean not null,
    created_at timestamptz not null default now(),
    constraint pending_deletes_target_key unique (target, is_prefix),
    constraint pending_deletes_target_check check (target <> '' and (not is_prefix or right(target, 1) = '/'))
);
comment on table pending_deletes is 'What is to be removed from the store, until that is acknowledged.';
comment on column pending_deletes.id is 'A UUIDv7 of the service''s, so in order of time; lists page by it.';
comment on column pending_deletes.target is 'The key of one object, or a prefix that ends in a slash.';
comment on column pending_deletes.is_prefix is 'Whether everything under target is meant.';
comment on column pending_deletes.created_at is 'When the row that named it was deleted.';

create table reserved_keys (
    key varchar(1024) collate "C" primary key constraint reserved_keys_key_check check (key <> ''),
    expires_at timestamptz not null
);
comment on table reserved_keys is 'Keys whose objects are about to be uploaded; a sweep leaves them alone until they expire.';
comment on column reserved_keys.key is 'The key.';
comment on column reserved_keys.expires_at is 'When the reservation ends.';
create index reserved_keys_expires_at_idx on reserved_keys (expires_at);
