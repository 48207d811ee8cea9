create table request_ids (
    request_id uuid primary key,
    digest bytea not null constraint request_ids_digest_check check (octet_length(digest) = 32),
    answer bytea not null,
    created_at timestamptz not null default now()
);
comment on table request_ids is
    'The answer to each request id, written in the transaction that has the effect: both are there, or neither. Kept for 7 days.';
comment on column request_ids.request_id is 'The caller''s id of the request.';
comment on column request_ids.digest is 'The SHA-256 of method and content; the same id with another digest is refused.';
comment on column request_ids.answer is 'The answer, as the method''s protobuf message.';
comment on column request_ids.created_at is 'When it was answered.';
-- The oldest are forgotten by time; rows lie in that order, so a few bytes per 128 pages find them.
create index request_ids_created_at_idx on request_ids using brin (created_at);
