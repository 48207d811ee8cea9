-- A message whose id is taken, or whose place in its chat is, stays out.
with inserted as (
    insert into chat_messages (chat_id, id, seq, role, content, message_type, created_at)
    select chat_id, id, seq, role, content, message_type, created_at
    from unnest($1, $2, $3, $4, $5, $6, $7) as given (chat_id, id, seq, role, content, message_type, created_at)
    on conflict do nothing
    returning id
),
noted as (
    insert into unindexed_messages (message_id) select id from inserted
)
select id from inserted
