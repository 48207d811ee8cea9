insert into deleted_chats (id, deleted_at)
select id, now() from unnest($1) as given (id)
where not exists (select from chats where chats.id = given.id)
on conflict do nothing
returning id
