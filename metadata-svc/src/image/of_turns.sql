-- Of whole messages: with the last one come all that have its seq. Who plans this must not see how many are wanted: a tenth is
-- expected then, and the index read in order, where a guess that the chat has few would sort all that it has.
select id, chat_id, message_id, image_name, s3_path, image_type, description, width, height, file_size, uploaded_at, number,
    message_seq, sha256, content_type, receipt
from chat_images
where chat_id = $1 and message_seq > $2
order by message_seq
fetch first (select 1000) rows with ties
