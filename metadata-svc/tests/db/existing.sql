-- A database of an existing deployment, with other names for its indexes and constraints, and rows of all kinds.
create table chats (
    id uuid primary key default gen_random_uuid(),
    title varchar(255) not null,
    description text,
    created_at timestamp default now(),
    updated_at timestamp default now(),
    user_id varchar(255),
    is_archived boolean default false,
    document_path varchar(512),
    metadata jsonb
);
create table chat_messages (
    id uuid primary key default gen_random_uuid(),
    chat_id uuid,
    role varchar(20) constraint only_two_roles check (role in ('user', 'assistant')),
    content text not null,
    message_type varchar(50),
    created_at timestamp default now(),
    constraint fk_message_chat foreign key (chat_id) references chats (id) on delete cascade
);
create table chat_images (
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
    uploaded_at timestamp default now()
);
create table search_results (
    id uuid primary key default gen_random_uuid(),
    chat_id uuid references chats (id) on delete cascade,
    message_id uuid references chat_messages (id) on delete cascade,
    block_id varchar(255),
    page_number int,
    block_text text,
    coords_norm jsonb,
    coords_px jsonb,
    created_at timestamp default now()
);
create index ix_chats_user on chats (user_id);
create index ix_chats_created on chats (created_at desc);
create index ix_messages_chat on chat_messages (chat_id);
create index ix_messages_created on chat_messages (created_at);
create index ix_images_chat on chat_images (chat_id);
create index ix_images_message on chat_images (message_id);
create index ix_images_path on chat_images (s3_path);

insert into chats (id, title, description, created_at, updated_at, user_id, is_archived, document_path, metadata) values
    ('10000000-0000-0000-0000-000000000000', 'Насосная', null, '2025-12-18 10:30:45', '2025-12-18 11:00:00', 'ann', false,
        'chats/1/documents/plan_2025-12-18T10-30-45.pdf', '{"pages": 3}'),
    ('20000000-0000-0000-0000-000000000000', '', 'empty', '2025-12-19 00:00:00', null, 'bob', true, null, null),
    ('30000000-0000-0000-0000-000000000000', 'Nobody''s', null, null, '2025-12-20 00:00:00', null, null, null, '[]');

-- Out of order, two at one time, none without a chat lost.
insert into chat_messages (id, chat_id, role, content, message_type, created_at) values
    ('a4000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'user', 'fourth', 'text', '2025-12-18 10:33:00'),
    ('a3000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'assistant', 'third', 'code', '2025-12-18 10:32:00'),
    ('a2000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'user', 'second', null, '2025-12-18 10:32:00'),
    ('a1000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'user', 'first', 'text', '2025-12-18 10:31:00.123456'),
    ('b1000000-0000-0000-0000-000000000000', '30000000-0000-0000-0000-000000000000', null, 'no role, no time', 'text', null),
    ('c1000000-0000-0000-0000-000000000000', null, 'user', 'no chat', 'text', '2025-12-18 10:31:00');

insert into chat_images (id, chat_id, message_id, image_name, s3_path, s3_url, width, height, file_size, uploaded_at) values
    ('d1000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'a1000000-0000-0000-0000-000000000000',
        'large', 'chats/1/images/viewport_step_1.png', 'https://example.invalid/old', 800, 600, 2147483647, '2025-12-18 10:31:05'),
    ('d2000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', null, 'no message', null, null, -1, null, null, null),
    ('d3000000-0000-0000-0000-000000000000', '20000000-0000-0000-0000-000000000000', 'a1000000-0000-0000-0000-000000000000',
        'of another chat', 'k', null, null, null, null, '2025-12-18 10:31:06'),
    ('d4000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'c1000000-0000-0000-0000-000000000000',
        'of a message without a chat', 'k', null, null, null, null, '2025-12-18 10:31:07'),
    ('d5000000-0000-0000-0000-000000000000', null, 'c1000000-0000-0000-0000-000000000000',
        'of nothing', 'k', null, null, null, null, '2025-12-18 10:31:08');

insert into search_results (id, chat_id, message_id, block_id, page_number, block_text, coords_norm, coords_px, created_at) values
    ('e1000000-0000-0000-0000-000000000000', '10000000-0000-0000-0000-000000000000', 'a3000000-0000-0000-0000-000000000000',
        'block-7', 2, 'Насос Н-1', '[0.1, 0.2, 0.3, 0.4]', '{"x": 10}', '2025-12-18 10:32:01'),
    ('e2000000-0000-0000-0000-000000000000', null, 'a3000000-0000-0000-0000-000000000000', null, -5, null, null, null, null),
    ('e3000000-0000-0000-0000-000000000000', null, null, 'of nothing', null, null, null, null, '2025-12-18 10:32:01');
