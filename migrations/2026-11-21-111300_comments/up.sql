-- What the tables and columns of existing deployments mean; later ones are described where they are made.

comment on table chats is 'Conversations, each of one user, often about a document.';
comment on column chats.id is 'Made by the service (UUIDv7) unless the caller sent one.';
comment on column chats.title is 'Its title.';
comment on column chats.description is 'What it is about. NULL means nothing.';
comment on column chats.created_at is 'When it was created.';
comment on column chats.updated_at is 'When it was last changed, or a message last appended.';
comment on column chats.user_id is 'The user it belongs to; empty in adopted rows that had none.';
comment on column chats.is_archived is 'Whether it is hidden from the list of active chats.';
comment on column chats.document_path is 'The key of the documents object. NULL means no document.';
comment on column chats.metadata is 'Free JSON of the application: an object. NULL means none.';

comment on table chat_messages is 'Messages of chats: appended, numbered, never rewritten.';
comment on column chat_messages.id is 'Made by the service (UUIDv7) unless the caller sent one.';
comment on column chat_messages.chat_id is 'The chat it belongs to.';
comment on column chat_messages.role is 'Who speaks: user, assistant, system or tool.';
comment on column chat_messages.content is 'What is said.';
comment on column chat_messages.message_type is 'What kind of content it is, for example text or code.';
comment on column chat_messages.created_at is 'When it was appended.';

comment on table chat_images is 'Pictures that messages refer to: rows here, bytes in the store.';
comment on column chat_images.id is 'Made by the service (UUIDv7) unless the caller sent one.';
comment on column chat_images.chat_id is 'The chat it belongs to: that of its message.';
comment on column chat_images.message_id is 'The message it belongs to. NULL in adopted rows alone.';
comment on column chat_images.image_name is 'Its name. NULL in adopted rows alone.';
comment on column chat_images.s3_path is 'The key of its object. NULL in adopted rows alone.';
comment on column chat_images.s3_url is 'A URL that an earlier deployment kept; never read and never written: URLs are signed when they are asked for.';
comment on column chat_images.image_type is 'What kind of picture it is, for example viewport or zoom_crop. NULL means none.';
comment on column chat_images.description is 'What it shows. NULL means nothing.';
comment on column chat_images.width is 'Its width in pixels. NULL means unknown.';
comment on column chat_images.height is 'Its height in pixels. NULL means unknown.';
comment on column chat_images.file_size is 'The length of its object in bytes. NULL means unknown.';
comment on column chat_images.uploaded_at is 'When the row was added.';

comment on table search_results is 'Text blocks of a document that messages refer to, with their places on the page.';
comment on column search_results.id is 'Made by the service (UUIDv7) unless the caller sent one.';
comment on column search_results.chat_id is 'The chat it belongs to: that of its message.';
comment on column search_results.message_id is 'The message it belongs to. NULL in adopted rows alone.';
comment on column search_results.block_id is 'The documents own name for the block. NULL means none.';
comment on column search_results.page_number is 'The page, counted from 1. NULL means unknown.';
comment on column search_results.block_text is 'The blocks text. NULL means none.';
comment on column search_results.coords_norm is 'The blocks place as fractions of the page, in the applications own form. NULL means unknown.';
comment on column search_results.coords_px is 'The blocks place in pixels, in the applications own form. NULL means unknown.';
comment on column search_results.created_at is 'When it was added.';
