alter table search_results
    alter column created_at drop not null,
    alter column chat_id drop not null;
alter table chat_images
    alter column uploaded_at drop not null,
    alter column chat_id drop not null;
alter table chat_messages
    alter column created_at drop not null,
    alter column message_type drop default,
    alter column message_type drop not null,
    alter column role drop not null,
    alter column chat_id drop not null;
alter table chats
    alter column is_archived drop not null,
    alter column user_id drop not null,
    alter column updated_at drop not null,
    alter column created_at drop not null;

-- What was set aside comes back, and what was changed gets back what it was, as far as what it named is still there.
insert into chat_messages (id, chat_id, role, content, message_type, created_at)
select b.id, b.chat_id, b.role, b.content, b.message_type, b.created_at
from adopted_rows a, jsonb_populate_record(null::chat_messages, a.before) b
where a.table_name = 'chat_messages' and a.reason = 'no_chat';
insert into chat_images
    (id, chat_id, message_id, image_name, s3_path, s3_url, image_type, description, width, height, file_size, uploaded_at)
select b.id, b.chat_id, b.message_id, b.image_name, b.s3_path, b.s3_url, b.image_type, b.description, b.width, b.height,
    b.file_size, b.uploaded_at
from adopted_rows a, jsonb_populate_record(null::chat_images, a.before) b
where a.table_name = 'chat_images' and a.reason = 'no_chat';
insert into search_results
    (id, chat_id, message_id, block_id, page_number, block_text, coords_norm, coords_px, created_at)
select b.id, b.chat_id, b.message_id, b.block_id, b.page_number, b.block_text, b.coords_norm, b.coords_px, b.created_at
from adopted_rows a, jsonb_populate_record(null::search_results, a.before) b
where a.table_name = 'search_results' and a.reason = 'no_chat';

update chats r set
    user_id = b.user_id,
    is_archived = case when r.is_archived then true else b.is_archived end,
    created_at = b.created_at,
    updated_at = case when r.updated_at = r.created_at then b.updated_at else r.updated_at end
from adopted_rows a, jsonb_populate_record(null::chats, a.before) b
where a.table_name = 'chats' and r.id = a.row_id;
update chat_messages r set role = b.role, message_type = b.message_type, created_at = b.created_at
from adopted_rows a, jsonb_populate_record(null::chat_messages, a.before) b
where a.table_name = 'chat_messages' and a.reason = 'changed' and r.id = a.row_id;
update chat_images r set chat_id = b.chat_id, message_id = b.message_id, uploaded_at = b.uploaded_at
from adopted_rows a, jsonb_populate_record(null::chat_images, a.before) b
where a.table_name = 'chat_images' and a.reason = 'changed' and r.id = a.row_id
    and (b.chat_id is null or exists (select from chats c where c.id = b.chat_id));
update search_results r set chat_id = b.chat_id, message_id = b.message_id, created_at = b.created_at
from adopted_rows a, jsonb_populate_record(null::search_results, a.before) b
where a.table_name = 'search_results' and a.reason = 'changed' and r.id = a.row_id
    and (b.chat_id is null or exists (select from chats c where c.id = b.chat_id));

drop table adopted_rows;
