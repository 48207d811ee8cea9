-- Sums over 64 bits wrap around, as they do in the embedded store.
select day - date '1970-01-01' as day, chats, messages, images,
    (mod(mod(blob_bytes + 9223372036854775808, 18446744073709551616) + 18446744073709551616, 18446744073709551616)
        - 9223372036854775808)::bigint as blob_bytes
from usage_days
where user_id = $1 and day - date '1970-01-01' >= $2 and day - date '1970-01-01' < $3
order by day
