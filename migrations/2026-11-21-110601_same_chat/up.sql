-- An image or a search result belongs to the chat of its message, has its seq and goes with it, by the constraint itself.
-- Existing deployments name their foreign keys as they like, so all of these tables are replaced.
do $$
declare
    fk record;
begin
    for fk in
        select conrelid::regclass as "table", conname from pg_constraint
        where contype = 'f'
            and conrelid in ('chat_messages'::regclass, 'chat_images'::regclass, 'search_results'::regclass)
            and confrelid in ('chats'::regclass, 'chat_messages'::regclass)
    loop
        execute format('alter table %s drop constraint %I', fk."table", fk.conname);
    end loop;
end
$$;

alter table chat_messages
    add constraint chat_messages_chat_id_seq_id_key unique (chat_id, seq, id),
    add constraint chat_messages_chat_id_fkey foreign key (chat_id) references chats (id) on delete cascade;
alter table chat_images
    add constraint chat_images_chat_id_fkey foreign key (chat_id) references chats (id) on delete cascade,
    add constraint chat_images_message_seq_check check ((message_id is null) = (message_seq is null)),
    add constraint chat_images_message_id_fkey foreign key (chat_id, message_seq, message_id)
        references chat_messages (chat_id, seq, id) on delete cascade;
alter table search_results
    add constraint search_results_chat_id_fkey foreign key (chat_id) references chats (id) on delete cascade,
    add constraint search_results_message_seq_check check ((message_id is null) = (message_seq is null)),
    add constraint search_results_message_id_fkey foreign key (chat_id, message_seq, message_id)
        references chat_messages (chat_id, seq, id) on delete cascade;
