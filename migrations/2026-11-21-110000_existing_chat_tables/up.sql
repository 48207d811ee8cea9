-- The four chat tables as existing deployments have them. Where they are there already they are taken as they are, with
-- their rows; the migrations behind this one bring both kinds of database to the same form.

create table if not exists chats (
    id uuid primary key default gen_random_uuid(),
    title varchar(255) not null,
    description text,
    created_at timestamp default (now() at time zone 'utc'),
    updated_at timestamp default (now() at time zone 'utc'),
    user_id varchar(255),
    is_archived boolean default false,
    document_path varchar(512),
    metadata jsonb
);

create table if not exists chat_messages (
    id uuid primary key default gen_random_uuid(),
    chat_id uuid references chats (id) on delete cascade,
    role varchar(20) constraint chat_messages_role_check check (role in ('user', 'assistant')),
    content text not null,
    message_type varchar(50),
    created_at timestamp default (now() at time zone 'utc')
);

create table if not exists chat_images (
    id uuid primary key default gen_random_uuid(),
    chat_id uuid references chats (id) on delete cascade,
    message_id uuid references chat_messages (id) on delete cascade,
    image_name varchar(512),
    s3_path varchar(1024),
    s3_url varchar(1024),
    image_type varchar(50),
    description text,
    width int,
    height int,
    file_size int,
    uploaded_at timestamp default (now() at time zone 'utc')
);

create table if not exists search_results (
    id uuid primary key default gen_random_uuid(),
    chat_id uuid references chats (id) on delete cascade,
    message_id uuid references chat_messages (id) on delete cascade,
    block_id varchar(255),
    page_number int,
    block_text text,
    coords_norm jsonb,
    coords_px jsonb,
    created_at timestamp default (now() at time zone 'utc')
);

-- And their indexes; the migration that makes the keyset indexes removes them, whatever their names.
create index if not exists idx_chats_user_id on chats (user_id);
create index if not exists idx_chats_created_at on chats (created_at desc);
create index if not exists idx_chat_messages_chat_id on chat_messages (chat_id);
create index if not exists idx_chat_messages_created_at on chat_messages (created_at);
create index if not exists idx_chat_images_chat_id on chat_images (chat_id);
create index if not exists idx_chat_images_message_id on chat_images (message_id);
create index if not exists idx_chat_images_s3_path on chat_images (s3_path);
create index if not exists idx_search_results_chat_id on search_results (chat_id);
create index if not exists idx_search_results_message_id on search_results (message_id);
