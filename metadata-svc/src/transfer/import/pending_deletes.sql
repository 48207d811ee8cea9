-- What a row names stays. A slash is followed by a zero in ASCII, so the ranges are those of the keys under a prefix.
insert into pending_deletes (id, target, is_prefix, created_at, removed_at)
select id, target, is_prefix, created_at, case when is_removed then now() end
from unnest($1, $2, $3, $4, $5) as given (id, target, is_prefix, created_at, is_removed)
where not exists (select from chat_images where s3_path collate "C" = target and not is_prefix)
    and not exists (select from chats where document_path collate "C" = target and not is_prefix)
    and not exists (select from chat_images where is_prefix
        and s3_path collate "C" >= target and s3_path collate "C" < left(target, -1) || '0')
    and not exists (select from chats where is_prefix
        and document_path collate "C" >= target and document_path collate "C" < left(target, -1) || '0')
on conflict do nothing
returning id
