-- The row of a message alone: what it takes to have the 512 bytes in the table, and nothing of what the service does beside.
\set n :n + 1
insert into chat_messages (id, chat_id, seq, role, content, message_type, created_at)
values (lpad(to_hex((:run::bigint << 44) + (:n::bigint << 12) + :client_id), 32, '0')::uuid, bench.id(5, :client_id),
    (:run::bigint << 32) + :n, 'user', :content, 'text', now());
