insert into usage_days as kept (user_id, day, chats, messages, images, blob_bytes)
select $1, date '1970-01-01' + day, chats, messages, images, blob_bytes
from unnest($2, $3, $4, $5, $6) as change (day, chats, messages, images, blob_bytes)
on conflict (user_id, day) do update set
    chats = kept.chats + excluded.chats,
    messages = kept.messages + excluded.messages,
    images = kept.images + excluded.images,
    blob_bytes = kept.blob_bytes + excluded.blob_bytes
