\set number random(0, :messages - 1)
select id, chat_id, role, content, message_type, created_at, seq from chat_messages where id = bench.id(1, :number);
