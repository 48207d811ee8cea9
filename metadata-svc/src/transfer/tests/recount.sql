select user_id, day, sum(chats), sum(messages), sum(images), sum(blob_bytes)
from (
    select user_id, (created_at at time zone 'UTC')::date as day, 1 as chats, 0 as messages, 0 as images,
        coalesce(document_size_bytes, 0) as blob_bytes
    from chats
    union all
    select c.user_id, (m.created_at at time zone 'UTC')::date, 0, 1, 0, 0
    from chat_messages m join chats c on c.id = m.chat_id
    union all
    select c.user_id, (i.uploaded_at at time zone 'UTC')::date, 0, 0, 1, coalesce(i.file_size, 0)
    from chat_images i join chats c on c.id = i.chat_id
) kept
group by user_id, day
order by 1, 2
