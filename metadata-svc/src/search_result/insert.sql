-- What is unknown is NULL. In the given order, so that `number` rises in it.
insert into search_results
    (id, chat_id, message_id, message_seq, block_id, page_number, block_text, coords_norm, coords_px, created_at)
select id, chat_id, message_id, (select seq from chat_messages m where m.id = given.message_id), nullif(block_id, ''),
    nullif(page_number, 0), nullif(block_text, ''), coords_norm, coords_px, $9
from unnest($1, $2, $3, $4, $5, $6, $7, $8) with ordinality as given (id, chat_id, message_id, block_id, page_number,
    block_text, coords_norm, coords_px, place)
order by place
on conflict (id) do nothing
returning id
