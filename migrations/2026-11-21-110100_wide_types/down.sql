-- A size over 2 GiB makes this fail rather than be lost.
set local timezone to 'UTC';

alter table search_results
    alter column created_at type timestamp,
    alter column created_at set default (now() at time zone 'utc');
alter table chat_images
    alter column file_size type int,
    alter column uploaded_at type timestamp,
    alter column uploaded_at set default (now() at time zone 'utc');
alter table chat_messages
    alter column created_at type timestamp,
    alter column created_at set default (now() at time zone 'utc');
alter table chats
    alter column updated_at type timestamp,
    alter column updated_at set default (now() at time zone 'utc'),
    alter column created_at type timestamp,
    alter column created_at set default (now() at time zone 'utc');
