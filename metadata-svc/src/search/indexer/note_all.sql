insert into unindexed_messages (message_id)
select id from chat_messages where not exists (select from unindexed_messages where message_id = id)
