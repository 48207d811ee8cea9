-- Each list is a range of one index, and pages by it. The indexes of existing deployments, whatever their names, are left
-- with nothing to do but cost writes, and go: user_id, created_at, chat_id, message_id, s3_path, each alone.
do $$
declare
    name text;
begin
    for name in
        select i.indexrelid::regclass from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indnatts = 1 and not i.indisunique
            and (i.indrelid, a.attname) in (
                ('chats'::regclass, 'user_id'), ('chats'::regclass, 'created_at'),
                ('chat_messages'::regclass, 'chat_id'), ('chat_messages'::regclass, 'created_at'),
                ('chat_images'::regclass, 'chat_id'), ('chat_images'::regclass, 'message_id'),
                ('chat_images'::regclass, 's3_path'),
                ('search_results'::regclass, 'chat_id'), ('search_results'::regclass, 'message_id')
            )
    loop
        execute format('drop index %s', name);
    end loop;
end
$$;

-- ListChats of all, and of one state.
create index chats_user_id_created_at_idx on chats (user_id, created_at, id);
create index chats_user_id_is_archived_created_at_idx on chats (user_id, is_archived, created_at, id);
-- Attachments of a chat, and of a message or the messages of a page of history.
create index chat_images_chat_id_number_idx on chat_images (chat_id, number);
create index chat_images_chat_id_message_seq_number_idx on chat_images (chat_id, message_seq, number);
create index search_results_chat_id_number_idx on search_results (chat_id, number);
create index search_results_chat_id_message_seq_number_idx on search_results (chat_id, message_seq, number);
-- Keys that rows name, in byte order.
create index chats_document_path_idx on chats (document_path collate "C") where document_path is not null;
create index chat_images_s3_path_idx on chat_images (s3_path collate "C") where s3_path is not null;
-- A chat's row changes with every append and no index with it: room for that on its own page.
alter table chats set (fillfactor = 80);
