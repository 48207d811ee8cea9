alter table chats
    add column revision bigint not null default 1 constraint chats_revision_check check (revision > 0);
comment on column chats.revision is
    'Counts the changes of title, description, document, metadata and is_archived; the etag is made of it.';
