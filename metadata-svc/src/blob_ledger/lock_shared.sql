-- The same locks as those of lock.sql.
select pg_advisory_xact_lock_shared(hashtextextended('ledger ' || slot, 0))
from (select distinct hashtextextended(folder, 0) & 255 as slot from unnest($1) as folder order by slot) as slots
