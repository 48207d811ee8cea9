-- $1: the least key; $2: only behind this one; $3: only before this one. The rows of a key lie together, that with the least
-- id first.
select key, size_bytes, sha256
from (
    (
        select s3_path::text as key, id, false as is_chat, file_size as size_bytes, sha256
        from chat_images
        where s3_path collate "C" >= $1 and s3_path collate "C" > $2 and s3_path collate "C" < $3
        order by s3_path collate "C", id
        limit 1000
    )
    union all
    (
        select document_path::text, id, true, document_size_bytes, document_sha256
        from chats
        where document_path collate "C" >= $1 and document_path collate "C" > $2 and document_path collate "C" < $3
        order by document_path collate "C", id
        limit 1000
    )
) as named
order by key collate "C", id, is_chat
limit 1000
