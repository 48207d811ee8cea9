create table deleted_chats (
    id uuid primary key,
    deleted_at timestamptz not null default now()
);
comment on table deleted_chats is
    'The ids of deleted chats. They stay taken, because the keys under their prefixes do: what removes those objects may run late, and run again.';
comment on column deleted_chats.id is 'The id that the chat had.';
comment on column deleted_chats.deleted_at is 'When it was deleted.';
