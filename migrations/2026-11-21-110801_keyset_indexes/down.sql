alter table chats reset (fillfactor);
drop index chat_images_s3_path_idx;
drop index chats_document_path_idx;
drop index search_results_chat_id_message_seq_number_idx;
drop index search_results_chat_id_number_idx;
drop index chat_images_chat_id_message_seq_number_idx;
drop index chat_images_chat_id_number_idx;
drop index chats_user_id_is_archived_created_at_idx;
drop index chats_user_id_created_at_idx;

create index idx_chats_user_id on chats (user_id);
create index idx_chats_created_at on chats (created_at desc);
create index idx_chat_messages_chat_id on chat_messages (chat_id);
create index idx_chat_messages_created_at on chat_messages (created_at);
create index idx_chat_images_chat_id on chat_images (chat_id);
create index idx_chat_images_message_id on chat_images (message_id);
create index idx_chat_images_s3_path on chat_images (s3_path);
create index idx_search_results_chat_id on search_results (chat_id);
create index idx_search_results_message_id on search_results (message_id);
