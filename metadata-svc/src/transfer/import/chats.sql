-- What is unknown is NULL.
insert into chats (id, user_id, title, description, document_path, document_size_bytes, document_sha256,
    document_content_type, document_receipt, metadata, is_archived, last_seq, revision, created_at, updated_at)
select id, user_id, title, nullif(description, ''), nullif(key, ''), size_bytes, decode(nullif(sha256, ''), 'hex'),
    nullif(content_type, ''), nullif(receipt, ''), metadata, is_archived, last_seq, revision, created_at, updated_at
from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as given (id, user_id, title, description,
    key, size_bytes, sha256, content_type, receipt, metadata, is_archived, last_seq, revision, created_at, updated_at)
on conflict do nothing
returning id
