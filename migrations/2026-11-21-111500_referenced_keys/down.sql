create index chats_document_path_idx on chats (document_path collate "C") where document_path is not null;
create index chat_images_s3_path_idx on chat_images (s3_path collate "C") where s3_path is not null;
drop index chats_document_path_id_idx;
drop index chat_images_s3_path_id_idx;
