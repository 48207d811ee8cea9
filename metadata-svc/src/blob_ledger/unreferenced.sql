-- A scalar subquery per table: each key is looked up in an index, however many keys there are, and however many rows name one.
-- A used-up key counts whatever reservation it has: its own, or that of the first two folders, which is what a prefix on
-- record has.
select key as target
from unnest($1) with ordinality as given (key, place)
where (select true from chat_images where s3_path collate "C" = key order by id limit 1) is null
    and (select true from chats where document_path collate "C" = key order by id limit 1) is null
    and (
        (select true from reserved_keys where reserved_keys.key = given.key and expires_at > $2) is null
        or (select true from pending_deletes where target = given.key and not is_prefix)
        or (select true from pending_deletes where target = substring(given.key from '^[^/]*/[^/]*/') and is_prefix)
    )
order by place
