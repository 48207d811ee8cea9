-- A slash is followed by a zero in ASCII, so this is the range of the keys under the prefix.
(select s3_path::text as target from chat_images
    where s3_path collate "C" >= $1 and s3_path collate "C" < left($1, -1) || '0' limit 1)
union all
(select document_path::text from chats
    where document_path collate "C" >= $1 and document_path collate "C" < left($1, -1) || '0' limit 1)
