-- Where any of the tables holds a row they are left, as existing deployments have them: going down never loses a row.
do $$
begin
    if not exists (select from chats)
        and not exists (select from chat_messages)
        and not exists (select from chat_images)
        and not exists (select from search_results)
    then
        drop table search_results, chat_images, chat_messages, chats;
    end if;
end
$$;
