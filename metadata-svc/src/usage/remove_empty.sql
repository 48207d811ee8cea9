delete from usage_days
where user_id = $1 and day in (select date '1970-01-01' + number from unnest($2) as number)
    and chats = 0 and messages = 0 and images = 0 and mod(blob_bytes, 18446744073709551616) = 0
