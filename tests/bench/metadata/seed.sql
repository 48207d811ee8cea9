-- Messages as an archive has them: 512 bytes each, of Russian words that are as unevenly common as words are (Zipf's law: the
-- n-th is 1/n as common as the first), the commonest of which no search looks for. Chats grow side by side. `:messages` is put
-- in. Ids are made of what they belong to and a number, so that who measures knows them.

set session_replication_role = replica; -- nothing is looked up: all that is named here is here

create schema bench;

create function bench.id(kind int, number bigint) returns uuid immutable language sql
    return (lpad(to_hex(kind), 8, '0') || '000070008000' || lpad(to_hex(number), 12, '0'))::uuid;

-- The commoner, the simpler.
create table bench.words (place int primary key, stem text not null, is_inflected boolean not null);
insert into bench.words
select row_number() over (order by is_inflected, length(prefix) + length(suffix) > 0, length(prefix) > 0, md5(stem)), stem,
    is_inflected
from (
    select '' as prefix, '' as suffix, unnest(string_to_array('и в на не что с по для как из', ' ')) as stem,
        false as is_inflected
    union all
    select prefix, suffix, prefix || root || suffix, true
    from unnest(string_to_array(',пере,под,раз,вы,про,за,от,до,при,об,с', ',')) prefix,
        unnest(string_to_array('насос труб балк чертеж свай опор мост плит стен кран клапан фундамент бетон сталь провод '
            'кабел щит датчик привод редуктор вал муфт ротор статор котел бак фильтр канал лист узел шов болт анкер свод '
            'арк ферм пролет откос грунт песок щебен асфальт рельс шпал тоннел шахт лифт лестниц крыш фасад окн двер '
            'замок ключ пол потолок перегород ниш карниз раствор смес арматур каркас сетк прокладк уплотн', ' ')) root,
        unnest(string_to_array(',ник,щик,ств,изм,мер,вод,град', ',')) suffix
) vocabulary;

create table bench.texts (number int primary key, content text not null, words tsvector not null);
insert into bench.texts
select number, content, to_tsvector('russian', content)
from (
    -- A letter that 512 bytes would cut in two makes way for a full stop.
    select number, case when get_byte(bytes, 511) >= 192 then convert_from(substring(bytes for 511), 'UTF8') || '.'
        else convert_from(substring(bytes for 512), 'UTF8') end as content
    from (
        select number, convert_to(string_agg(
            case when is_inflected then stem || ('{"",а,у,ом,ы,ов,ам,ами,ах}'::text[])[ending] else stem end, ' '
        ), 'UTF8') as bytes
        from (
            select number, floor(exp(random() * ln((select count(*) + 1 from bench.words))))::int as place,
                1 + floor(random() * 9)::int as ending
            from generate_series(1, 50000) number, generate_series(1, 80)
        ) drawn join bench.words using (place)
        group by number
    ) text
) cut;

-- A chat for every 100 messages, nine tenths of them 1,000 users', one tenth one user's; one long chat; one with images and
-- search results; and chats to append to.
create table bench.chats as
select kind, number, user_id
from (
    select 1 as kind, number, case when number < :messages / 1000 * 9 then 'user ' || number % 1000 else 'archive' end as user_id
    from generate_series(0, :messages / 100 - 1) number
    union all select 2, 0, 'long'
    union all select 3, 0, 'history'
    union all select kind, number, 'caller ' || kind || ' ' || number
    from generate_series(4, 6) kind, generate_series(0, 1023) number
) chat;

create table bench.messages as
select 1 as kind, number, number % (:messages / 100) as chat, number / (:messages / 100) + 1 as seq
from generate_series(0, :messages - 1) number
union all select 2, number, 0, number + 1 from generate_series(0, 9999) number
union all select 3, number, 0, number + 1 from generate_series(0, 999) number;

insert into chats (id, title, created_at, updated_at, user_id, last_seq)
select bench.id(kind, number), 'Чат ' || number, now() - interval '1 year', now(), user_id,
    case kind when 1 then 100 when 2 then 10000 when 3 then 1000 else 0 end
from bench.chats;

insert into chat_messages (id, chat_id, seq, role, content, message_type, created_at)
select bench.id(kind, m.number), bench.id(kind, chat), seq, case seq % 2 when 1 then 'user' else 'assistant' end, content,
    'text', now() - (:messages - m.number) * interval '10 seconds'
from bench.messages m
cross join lateral (select content from bench.texts where number = 1 + m.number % 50000) text;

insert into message_words (message_id, seq, role, created_at, words)
select message.id, seq, role, created_at,
    words || array_to_tsvector(array['chat ' || bench.id(m.kind, chat), 'user ' || user_id])
from bench.messages m
join bench.chats c on c.kind = m.kind and c.number = m.chat
cross join lateral (select id, role, created_at from chat_messages where id = bench.id(m.kind, m.number)) message
cross join lateral (select words from bench.texts where number = 1 + m.number % 50000) text;

insert into chat_images (id, chat_id, message_id, message_seq, image_name, s3_path, image_type, description, width, height,
    file_size, sha256, content_type, uploaded_at)
select bench.id(3, number), bench.id(3, 0), bench.id(3, number * 2), number * 2 + 1,
    'страница ' || number, 'chats/' || bench.id(3, 0) || '/images/' || number || '.png', 'viewport',
    'Лист ' || number, 1920, 1080, 300000, sha256(number::text::bytea), 'image/png', now()
from generate_series(0, 499) number;

insert into search_results (id, chat_id, message_id, message_seq, block_id, page_number, block_text, coords_norm, coords_px,
    created_at)
select bench.id(3, number), bench.id(3, 0), bench.id(3, number * 2 + 1), number * 2 + 2, 'block ' || number, number + 1,
    left(content, 200), '[0.1, 0.2, 0.3, 0.4]', '[100, 200, 300, 400]', now()
from generate_series(0, 499) number cross join lateral (select content from bench.texts t where t.number = 1 + number.number) text;
