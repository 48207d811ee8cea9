-- Takes note $1 of message $2 away: when it is indexed ($3), or the message has gone.
delete from unindexed_messages
where ctid = $1::tid and ($3 or not exists (select from chat_messages where id = $2))
