create table usage_days (
    user_id varchar(255) not null,
    day date not null,
    chats bigint not null default 0,
    messages bigint not null default 0,
    images bigint not null default 0,
    blob_bytes numeric(40) not null default 0,
    primary key (user_id, day)
) with (fillfactor = 50);
comment on table usage_days is
    'What each user keeps, by the UTC day it was created on; counted in the transactions that create and delete. A day of which nothing is left has no row.';
comment on column usage_days.user_id is 'The user.';
comment on column usage_days.day is 'The day, UTC.';
comment on column usage_days.chats is 'Chats, archived ones included.';
comment on column usage_days.messages is 'Messages.';
comment on column usage_days.images is 'Images.';
comment on column usage_days.blob_bytes is
    'Bytes of images and documents, as their rows say; wider than 64 bits, so that sums of what callers claim never overflow.';

insert into usage_days
select user_id, day, sum(chats), sum(messages), sum(images), sum(blob_bytes)
from (
    select user_id, (created_at at time zone 'UTC')::date as day, 1 as chats, 0 as messages, 0 as images,
        coalesce(document_size_bytes, 0) as blob_bytes
    from chats
    union all
    select c.user_id, (m.created_at at time zone 'UTC')::date, 0, 1, 0, 0
    from chat_messages m join chats c on c.id = m.chat_id
    union all
    select c.user_id, (i.uploaded_at at time zone 'UTC')::date, 0, 0, 1, coalesce(i.file_size, 0)
    from chat_images i join chats c on c.id = i.chat_id
) kept
group by user_id, day;
