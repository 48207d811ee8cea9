-- One page of a chat of 10,000, as ListMessages reads it: one row more than are shown.
\set after 50 * random(0, 199)
select id, chat_id, role, content, message_type, created_at, seq from chat_messages
where chat_id = bench.id(2, 0) and seq > :after order by seq limit 51;
