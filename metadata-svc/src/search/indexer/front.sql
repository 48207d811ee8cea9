select ctid::text as place, message_id from unindexed_messages limit 1 for update skip locked
