select count(*) as notes, coalesce(extract(epoch from clock_timestamp() - min(noted_at)), 0)::float8 as seconds
from (select noted_at from unindexed_messages limit 10000) as note
