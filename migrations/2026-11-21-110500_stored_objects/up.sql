-- Beside a key stands what blob-svc confirmed of its object (a BlobRef). Existing rows have the key alone.

alter table chats
    add column document_size_bytes bigint constraint chats_document_size_bytes_check check (document_size_bytes >= 0),
    add column document_sha256 bytea constraint chats_document_sha256_check check (octet_length(document_sha256) = 32),
    add column document_content_type varchar(255),
    add column document_receipt bytea
        constraint chats_document_receipt_check check (octet_length(document_receipt) <= 64);
comment on column chats.document_size_bytes is 'The length of the document''s object in bytes. NULL means unknown.';
comment on column chats.document_sha256 is 'The SHA-256 of the document''s bytes. NULL means unknown.';
comment on column chats.document_content_type is 'The media type that the document is stored under. NULL means unknown.';
comment on column chats.document_receipt is 'The MAC of blob-svc over the document''s key, size, SHA-256 and type. NULL means none.';

alter table chat_images
    add column sha256 bytea constraint chat_images_sha256_check check (octet_length(sha256) = 32),
    add column content_type varchar(255),
    add column receipt bytea constraint chat_images_receipt_check check (octet_length(receipt) <= 64);
comment on column chat_images.sha256 is 'The SHA-256 of the object''s bytes. NULL means unknown.';
comment on column chat_images.content_type is 'The media type that the object is stored under. NULL means unknown.';
comment on column chat_images.receipt is 'The MAC of blob-svc over key, size, SHA-256 and type. NULL means none.';
