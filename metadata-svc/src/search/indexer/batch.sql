-- Turns the notes at the front into words: up to 500, of 256 KiB of content, or one. Waits for nobody: a note that another indexer
-- holds, and one whose message is being deleted, is left for later.
with note as materialized (
    select ctid as place, message_id from unindexed_messages limit 500 for update skip locked
),
held as materialized (
    select id, chat_id, seq, role, created_at, content
    from chat_messages
    where id in (select message_id from note)
    for key share skip locked
),
sized as (
    select note.place, row_number() over front as number,
        sum(octet_length(held.content)) over front as bytes
    from note left join held on held.id = note.message_id
    where held.id is not null or not exists (select from chat_messages where id = note.message_id)
    window front as (order by note.place)
),
taken as (
    delete from unindexed_messages
    where ctid = any (array(select place from sized where number = 1 or coalesce(bytes, 0) <= 262144))
    returning message_id
),
indexed as (
    insert into message_words (message_id, seq, role, created_at, words)
    select held.id, held.seq, held.role, held.created_at,
        to_tsvector('russian', held.content) || array_to_tsvector(array['user ' || chats.user_id, 'chat ' || held.chat_id])
    from held join chats on chats.id = held.chat_id
    where held.id in (select message_id from taken)
    order by held.chat_id, held.seq
    on conflict (message_id) do update set words = excluded.words
)
select (select count(*) from note) as seen, (select count(*) from taken) as taken
