-- What others are extending or forgetting is left to them.
with old as (
    select key from reserved_keys where expires_at < $1 order by expires_at limit 1000 for update skip locked
)
delete from reserved_keys using old where reserved_keys.key = old.key
