select target::text, is_prefix from pending_deletes where target = any ($1) and not is_prefix
union all
select target::text, is_prefix from pending_deletes where target = any ($2) and is_prefix
