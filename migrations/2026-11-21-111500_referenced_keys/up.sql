-- The keys that rows name are walked in byte order; of the rows of one key the one with the least id comes first.
create index chats_document_path_id_idx on chats (document_path collate "C", id) where document_path is not null;
create index chat_images_s3_path_id_idx on chat_images (s3_path collate "C", id) where s3_path is not null;
drop index chats_document_path_idx;
drop index chat_images_s3_path_idx;
