-- Locked in order, so that two who strike out the same never wait for each other.
with struck as (
    select id from pending_deletes where id = any ($1) and removed_at is null order by id for update
)
update pending_deletes set removed_at = $2 from struck where pending_deletes.id = struck.id
