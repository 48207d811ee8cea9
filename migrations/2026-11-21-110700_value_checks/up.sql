-- Roles: system and tool join user and assistant. The check of an existing deployment goes, whatever its name.
do $$
declare
    name text;
begin
    for name in
        select conname from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
        where c.contype = 'c' and c.conrelid = 'chat_messages'::regclass and a.attname = 'role'
    loop
        execute format('alter table chat_messages drop constraint %I', name);
    end loop;
end
$$;
alter table chat_messages
    add constraint chat_messages_role_check check (role in ('user', 'assistant', 'system', 'tool'));

-- New rows alone are held to these: an existing row with another value is never rewritten, and stays readable.
alter table chat_images
    add constraint chat_images_file_size_check check (file_size >= 0) not valid,
    add constraint chat_images_width_check check (width >= 0) not valid,
    add constraint chat_images_height_check check (height >= 0) not valid;
alter table search_results
    add constraint search_results_page_number_check check (page_number >= 0) not valid;
