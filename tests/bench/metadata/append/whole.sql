-- All that an append does, by hand and in one statement: number the message, keep it, have it indexed, count it.
with chat as (
    update chats set last_seq = last_seq + 1, updated_at = now() where id = bench.id(6, :client_id)
    returning id, last_seq, user_id
),
message as (
    insert into chat_messages (id, chat_id, seq, role, content, message_type, created_at)
    select gen_random_uuid(), id, last_seq, 'user', :content, 'text', now() from chat
    returning id
),
noted as (
    insert into unindexed_messages (message_id) select id from message
)
insert into usage_days as kept (user_id, day, messages) select user_id, current_date, 1 from chat
on conflict (user_id, day) do update set messages = kept.messages + 1;
