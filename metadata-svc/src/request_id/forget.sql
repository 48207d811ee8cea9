delete from request_ids
where request_id in (select request_id from request_ids where created_at < $1 limit 1000)
