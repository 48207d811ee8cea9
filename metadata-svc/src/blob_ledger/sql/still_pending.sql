-- Looked up one by one in an index, and locked in the order in which they are struck out.
select id, target::text, is_prefix, created_at
from pending_deletes
where id = any (array(
        select (
            select id from pending_deletes there
            where there.target = given.target and there.is_prefix = given.is_prefix and removed_at is null
        )
        from unnest($1, $2) as given (target, is_prefix)
    ))
    and removed_at is null
order by id
for update
