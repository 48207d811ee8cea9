-- Every row says whose it is and when it was made. An existing row that cannot is kept, as it was, in `adopted_rows`: set
-- aside where it belongs to nothing, else changed to what the service needs.

create table adopted_rows (
    table_name text not null,
    row_id uuid not null,
    reason text not null,
    before jsonb not null,
    primary key (table_name, row_id)
);
comment on table adopted_rows is
    'Rows of an existing deployment that could not be taken over as they were; each as it was before.';
comment on column adopted_rows.table_name is 'The table it stood in.';
comment on column adopted_rows.row_id is 'Its id there.';
comment on column adopted_rows.reason is
    'no_chat: it belongs to no chat and was set aside. changed: it stays, with what it lacked filled in.';
comment on column adopted_rows.before is 'The whole row as it was.';

-- An image or a search result belongs to the chat of its message; one whose message is set aside stays without a message.
insert into adopted_rows
select 'chat_images', i.id, case when coalesce(m.chat_id, i.chat_id) is null then 'no_chat' else 'changed' end, to_jsonb(i)
from chat_images i left join chat_messages m on m.id = i.message_id
where i.chat_id is null or i.uploaded_at is null or (m.id is not null and m.chat_id is distinct from i.chat_id);
delete from chat_images i using adopted_rows a
where a.table_name = 'chat_images' and a.reason = 'no_chat' and i.id = a.row_id;
update chat_images i set
    chat_id = coalesce(m.chat_id, i.chat_id),
    message_id = case when m.chat_id is not null then m.id end
from adopted_rows a left join chat_messages m on m.id = (a.before ->> 'message_id')::uuid
where a.table_name = 'chat_images' and i.id = a.row_id;
update chat_images i set uploaded_at = coalesce(c.created_at, c.updated_at, now())
from chats c where c.id = i.chat_id and i.uploaded_at is null;

insert into adopted_rows
select 'search_results', s.id, case when coalesce(m.chat_id, s.chat_id) is null then 'no_chat' else 'changed' end, to_jsonb(s)
from search_results s left join chat_messages m on m.id = s.message_id
where s.chat_id is null or s.created_at is null or (m.id is not null and m.chat_id is distinct from s.chat_id);
delete from search_results s using adopted_rows a
where a.table_name = 'search_results' and a.reason = 'no_chat' and s.id = a.row_id;
update search_results s set
    chat_id = coalesce(m.chat_id, s.chat_id),
    message_id = case when m.chat_id is not null then m.id end
from adopted_rows a left join chat_messages m on m.id = (a.before ->> 'message_id')::uuid
where a.table_name = 'search_results' and s.id = a.row_id;
update search_results s set created_at = coalesce(c.created_at, c.updated_at, now())
from chats c where c.id = s.chat_id and s.created_at is null;

insert into adopted_rows
select 'chat_messages', id, case when chat_id is null then 'no_chat' else 'changed' end, to_jsonb(m)
from chat_messages m
where chat_id is null or role is null or message_type is null or created_at is null;
delete from chat_messages where chat_id is null;
update chat_messages m set
    role = coalesce(m.role, 'user'),
    message_type = coalesce(m.message_type, 'text'),
    created_at = coalesce(m.created_at, c.created_at, c.updated_at, now())
from chats c
where c.id = m.chat_id and (m.role is null or m.message_type is null or m.created_at is null);

insert into adopted_rows
select 'chats', id, 'changed', to_jsonb(c) from chats c
where user_id is null or is_archived is null or created_at is null or updated_at is null;
update chats set
    user_id = coalesce(user_id, ''),
    is_archived = coalesce(is_archived, false),
    created_at = coalesce(created_at, updated_at, now()),
    updated_at = coalesce(updated_at, created_at, now())
where user_id is null or is_archived is null or created_at is null or updated_at is null;

alter table chats
    alter column created_at set not null,
    alter column updated_at set not null,
    alter column user_id set not null,
    alter column is_archived set not null,
    alter column is_archived set default false;
alter table chat_messages
    alter column chat_id set not null,
    alter column role set not null,
    alter column message_type set not null,
    alter column message_type set default 'text',
    alter column created_at set not null;
alter table chat_images
    alter column chat_id set not null,
    alter column uploaded_at set not null;
alter table search_results
    alter column chat_id set not null,
    alter column created_at set not null;
