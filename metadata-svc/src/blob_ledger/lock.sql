-- All sessions of a server share one table of locks, of 64 × max_connections places, and a chat may name keys in any number of
-- folders: so folders share 256 locks, which no transaction exceeds. Taken in order, so that no two wait for each other in a
-- circle.
select pg_advisory_xact_lock(hashtextextended('ledger ' || slot, 0))
from (select distinct hashtextextended(folder, 0) & 255 as slot from unnest($1) as folder order by slot) as slots
