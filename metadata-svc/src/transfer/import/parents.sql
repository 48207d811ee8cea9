-- Held until the transaction ends, so that nobody deletes them meanwhile.
select m.id, m.chat_id, c.user_id
from chat_messages m join chats c on c.id = m.chat_id
where m.id = any ($1)
order by m.id
for key share
