-- In the given order, which is that of the ids.
insert into chats (id, title, description, created_at, updated_at, user_id, document_path, metadata, document_size_bytes,
    document_sha256, document_content_type, document_receipt)
select id, title, description, $2, $2, user_id, document_path, metadata, document_size_bytes, document_sha256,
    document_content_type, document_receipt
from unnest($1, $3, $4, $5, $6, $7, $8, $9, $10, $11) with ordinality as given (id, title, description, user_id,
    document_path, metadata, document_size_bytes, document_sha256, document_content_type, document_receipt, place)
order by place
on conflict (id) do nothing
returning id
