select pg_advisory_xact_lock_shared(hashtextextended('ledger ' || folder, 0))
from (select distinct folder from unnest($1) as folder order by folder) as folders
