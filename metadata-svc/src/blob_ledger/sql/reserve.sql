-- In order, so that two who reserve the same never wait for each other.
insert into reserved_keys (key, expires_at)
select key, $2 from unnest($1) as key order by key collate "C"
on conflict (key) do update set expires_at = greatest(reserved_keys.expires_at, excluded.expires_at)
returning expires_at
