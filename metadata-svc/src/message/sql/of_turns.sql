-- Up to $3 messages, and no more behind those whose contents come to more than $4 bytes. octet_length knows without reading
-- what a content that is kept apart comes to. For the form of the limit see image/of_turns.sql.
select id, chat_id, role, content, message_type, created_at, seq
from (
    select id, chat_id, role, content, message_type, created_at, seq,
        sum(octet_length(content)) over (order by seq rows between unbounded preceding and 1 preceding) as bytes_before
    from (
        select id, chat_id, role, content, message_type, created_at, seq
        from chat_messages
        where chat_id = $1 and seq > $2
        order by seq
        limit (select $3)
    ) as next
) as weighed
where bytes_before is null or bytes_before <= $4
order by seq
