-- What is unknown is NULL. In the given order, so that `number` rises in it.
insert into chat_images (id, chat_id, message_id, message_seq, image_name, s3_path, image_type, description, width, height,
    file_size, sha256, content_type, receipt, uploaded_at)
select id, chat_id, message_id, (select seq from chat_messages m where m.id = given.message_id), image_name, s3_path,
    nullif(image_type, ''), nullif(description, ''), nullif(width, 0), nullif(height, 0), file_size,
    decode(nullif(sha256, ''), 'hex'), nullif(content_type, ''), nullif(receipt, ''), uploaded_at
from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) with ordinality as given (id, chat_id, message_id,
    image_name, s3_path, image_type, description, width, height, file_size, sha256, content_type, receipt, uploaded_at, place)
-- One that is there uses up no number.
where not exists (select from chat_images where chat_images.id = given.id)
order by place
on conflict do nothing
returning id
