-- Times get a zone, sizes get 64 bits. The times of existing rows are UTC; with the zone set so, no table is rewritten for
-- them, and a column that has a zone already stays as it is.
set local timezone to 'UTC';

alter table chats
    alter column created_at type timestamptz,
    alter column created_at set default now(),
    alter column updated_at type timestamptz,
    alter column updated_at set default now();
alter table chat_messages
    alter column created_at type timestamptz,
    alter column created_at set default now();
alter table chat_images
    alter column uploaded_at type timestamptz,
    alter column uploaded_at set default now(),
    alter column file_size type bigint;
alter table search_results
    alter column created_at type timestamptz,
    alter column created_at set default now();
