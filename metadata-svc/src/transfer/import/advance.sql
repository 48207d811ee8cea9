-- So that the next message that is appended gets a number of its own.
update chats set last_seq = given.seq from unnest($1, $2) as given (id, seq)
where chats.id = given.id and chats.last_seq < given.seq
