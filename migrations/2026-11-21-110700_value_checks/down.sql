alter table search_results drop constraint search_results_page_number_check;
alter table chat_images
    drop constraint chat_images_height_check,
    drop constraint chat_images_width_check,
    drop constraint chat_images_file_size_check;

-- Rows of the new roles stay: they are not held to the old check.
alter table chat_messages
    drop constraint chat_messages_role_check,
    add constraint chat_messages_role_check check (role in ('user', 'assistant')) not valid;
do $$
begin
    if not exists (select from chat_messages where role not in ('user', 'assistant')) then
        alter table chat_messages validate constraint chat_messages_role_check;
    end if;
end
$$;
