insert into request_ids (request_id, digest, answer, created_at)
select request_id, digest, answer, $4 from unnest($1, $2, $3) as given (request_id, digest, answer)
