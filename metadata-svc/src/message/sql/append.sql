-- Chats are locked in the order of their ids, so that two batches never wait for each other; then they are given their new
-- numbers, counted back from the last. A chat that is absent gets nothing. What was said of it is counted last: all
-- appends of a user share that row. Each array stands in a select of its own, which hides its length from the planner: one
-- plan serves batches of all sizes, and is not made anew for each.
with locked as (
    select chats.id from unnest((select $1::uuid[])) as given (id) join chats on chats.id = given.id
    order by chats.id
    for no key update of chats
),
grown as (
    update chats set last_seq = chats.last_seq + growth.messages, updated_at = $2
    from locked join unnest((select $1::uuid[]), (select $3::bigint[])) as growth (id, messages) on growth.id = locked.id
    where chats.id = locked.id
    returning chats.id, title, description, created_at, updated_at, user_id, is_archived, document_path, metadata, last_seq,
        revision, document_size_bytes, document_sha256, document_content_type, document_receipt
),
inserted as (
    insert into chat_messages (chat_id, id, seq, role, content, message_type, created_at)
    select grown.id, given.id, grown.last_seq - given.behind, given.role, given.content, given.message_type, $2
    from unnest(
            (select $7::uuid[]), (select $8::uuid[]), (select $9::bigint[]), (select $10::text[]), (select $11::text[]),
            (select $12::text[])
        ) as given (chat_id, id, behind, role, content, message_type)
        join grown on grown.id = given.chat_id
    returning id
),
noted as (
    insert into unindexed_messages (message_id) select id from inserted
),
counted as (
    insert into usage_days as kept (user_id, day, chats, messages, images, blob_bytes)
    select grown.user_id, ($2 at time zone 'UTC')::date, sum(growth.chats), sum(growth.messages), sum(growth.images),
        sum(growth.blob_bytes)
    from unnest(
            (select $1::uuid[]), (select $3::bigint[]), (select $4::bigint[]), (select $5::bigint[]), (select $6::bigint[])
        ) as growth (id, messages, chats, images, blob_bytes)
        join grown on grown.id = growth.id
    where (select count(*) from inserted) > 0
    group by grown.user_id
    order by grown.user_id
    on conflict (user_id, day) do update set
        chats = kept.chats + excluded.chats,
        messages = kept.messages + excluded.messages,
        images = kept.images + excluded.images,
        blob_bytes = kept.blob_bytes + excluded.blob_bytes
)
select id, title, description, created_at, updated_at, user_id, is_archived, document_path, metadata, last_seq, revision,
    document_size_bytes, document_sha256, document_content_type, document_receipt
from grown
