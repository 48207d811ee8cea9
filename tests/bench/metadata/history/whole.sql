-- A chat of 1,000 messages, 500 images and 500 search results, in one round trip.
\startpipeline
select id, chat_id, role, content, message_type, created_at, seq from chat_messages
where chat_id = bench.id(3, 0) order by seq;
select id, chat_id, message_id, image_name, s3_path, image_type, description, width, height, file_size, sha256, content_type,
    receipt, uploaded_at, number, message_seq
from chat_images where chat_id = bench.id(3, 0) order by message_seq, number;
select id, chat_id, message_id, block_id, page_number, block_text, coords_norm, coords_px, created_at, number,
    message_seq
from search_results where chat_id = bench.id(3, 0) order by message_seq, number;
\endpipeline
