insert into request_ids (request_id, digest, answer, created_at)
select id, digest, answer, created_at
from unnest($1, $2, $3, $4) as given (id, digest, answer, created_at)
on conflict do nothing
returning request_id as id
