select (created_at at time zone 'UTC')::date - date '1970-01-01' as day,
    count(*) filter (where what = 'm') as messages,
    count(*) filter (where what = 'i') as images,
    count(*) filter (where what = 's') as search_results,
    (mod(sum(bytes) + 9223372036854775808, 18446744073709551616) - 9223372036854775808)::bigint as blob_bytes
from (
    select 'm' as what, created_at, 0::numeric as bytes from chat_messages where chat_id = $1
    union all
    select 'i', uploaded_at, coalesce(file_size, 0) from chat_images where chat_id = $1
    union all
    select 's', created_at, 0 from search_results where chat_id = $1
) as own
group by day
