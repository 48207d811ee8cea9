alter table search_results
    drop constraint search_results_message_id_fkey,
    drop constraint search_results_message_seq_check,
    add constraint search_results_message_id_fkey foreign key (message_id) references chat_messages (id) on delete cascade;
alter table chat_images
    drop constraint chat_images_message_id_fkey,
    drop constraint chat_images_message_seq_check,
    add constraint chat_images_message_id_fkey foreign key (message_id) references chat_messages (id) on delete cascade;
alter table chat_messages drop constraint chat_messages_chat_id_seq_id_key;
