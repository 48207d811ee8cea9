-- Tables that hold rows are left as existing deployments have them: going down never loses a row.
do $$
declare
    name text;
    has_rows boolean;
begin
    foreach name in array array['search_results', 'chat_images', 'chat_messages', 'chats'] loop
        execute format('select exists (select from %I)', name) into has_rows;
        exit when has_rows;
        execute format('drop table %I', name);
    end loop;
end
$$;
