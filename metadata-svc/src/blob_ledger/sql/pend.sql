insert into pending_deletes (id, target, is_prefix, created_at)
select id, target, is_prefix, $4 from unnest($1, $2, $3) as pending (id, target, is_prefix)
on conflict (target, is_prefix) do update set id = excluded.id, created_at = excluded.created_at, removed_at = null
