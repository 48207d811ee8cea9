-- Locked in order, so that two who strike out the same never wait for each other.
with struck as (
    select id from pending_deletes where id = any ($1) order by id for update
)
delete from pending_deletes using struck where pending_deletes.id = struck.id
