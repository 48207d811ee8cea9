-- 200,000 messages: 20,000 in the first chat, the others over 2,000 more; every second has an image, the others a search
-- result each. As many chats, pending deletes,
-- removed ones, reservations (half of them ended) and indexed messages; and one key that 20,000 images name.
create function pg_temp.id(kind text, number bigint) returns uuid immutable language sql
    return (kind || lpad(to_hex(number), 31, '0'))::uuid;

insert into chats (id, title, user_id, is_archived, created_at, document_path)
select pg_temp.id('a', i), 't', 'user ' || i % 1000, i % 7 = 0, now() - i * interval '1 minute',
    'uploads/documents/' || i || '.pdf'
from generate_series(1, 200000) i;
insert into chat_messages (id, chat_id, role, content, seq)
select pg_temp.id('b', i), pg_temp.id('a', chat), 'user', repeat('Насос ', 10),
    row_number() over (partition by chat order by i)
from (select i, case when i <= 20000 then 1 else 2 + i % 2000 end as chat from generate_series(1, 200000) i) message;
update chats set last_seq = (select count(*) from chat_messages where chat_id = chats.id) where id <= pg_temp.id('a', 2001);
insert into chat_images (id, chat_id, message_id, message_seq, image_name, s3_path)
select replace(id::text, 'b0000000-', 'c0000000-')::uuid, chat_id, id, seq, 'x', 'chats/' || chat_id || '/images/' || id
from chat_messages where seq % 2 = 0 order by id;
insert into search_results (chat_id, message_id, message_seq, block_text, coords_norm)
select chat_id, id, seq, 'Насос', '[0.1, 0.2]' from chat_messages where seq % 2 = 1 order by id;
insert into message_words (message_id, seq, role, created_at, words)
select id, seq, role, created_at, '' from chat_messages;
truncate unindexed_messages;
insert into pending_deletes (id, target, is_prefix)
select pg_temp.id('d', i), 'uploads/temp/' || i, false from generate_series(1, 200000) i;
insert into pending_deletes (id, target, is_prefix, created_at, removed_at)
select pg_temp.id('e', i), 'uploads/temp/removed/' || i, false, now() - interval '1 day', now()
from generate_series(1, 200000) i;
insert into reserved_keys (key, expires_at)
select 'uploads/temp/reserved/' || i, now() + (i - 100000) * interval '1 minute' from generate_series(1, 200000) i;
insert into chat_images (chat_id, image_name, s3_path)
select pg_temp.id('a', 150000), 'x', 'uploads/common' from generate_series(1, 20000);
analyze;
