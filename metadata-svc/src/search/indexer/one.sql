-- Indexes the first $2 characters of message $1, or all of it where $2 is null, unless it is being deleted.
with held as materialized (
    select id, chat_id, seq, role, created_at, content from chat_messages where id = $1 for key share skip locked
)
insert into message_words (message_id, seq, role, created_at, words)
select held.id, held.seq, held.role, held.created_at,
    -- For nothing of it the content is not even read: it may be damaged.
    to_tsvector('russian', case when $2 is null then held.content when $2 > 0 then left(held.content, $2) else '' end)
        || array_to_tsvector(array['user ' || chats.user_id, 'chat ' || held.chat_id])
from held join chats on chats.id = held.chat_id
on conflict (message_id) do update set words = excluded.words
