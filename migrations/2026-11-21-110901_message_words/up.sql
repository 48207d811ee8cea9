-- Full-text search. Stemming a message and feeding the index costs several times the insert itself, so writers only note
-- the message's id; the service's indexer takes the notes in the background. A note and the words that it becomes change
-- places in one transaction: none is lost and none is indexed twice, whatever dies.

create table unindexed_messages (
    message_id uuid not null,
    noted_at timestamptz not null default now()
);
comment on table unindexed_messages is
    'Notes of messages whose words are not indexed yet. No key and no foreign key, so that a note costs a writer next to nothing; indexers take notes by ctid, for update skip locked.';
comment on column unindexed_messages.message_id is 'The message; it may have been deleted since.';
comment on column unindexed_messages.noted_at is 'When the note was made: how long the oldest waits is the lag of search.';
-- Rows live for a second or two, and are scanned from the front.
alter table unindexed_messages set (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1
);

create table message_words (
    message_id uuid primary key,
    seq bigint not null,
    role varchar(20) not null,
    created_at timestamptz not null,
    words tsvector not null,
    constraint message_words_message_id_fkey foreign key (message_id) references chat_messages (id) on delete cascade
);
comment on table message_words is 'The words of each message that is indexed, apart from it, so that appending never rewrites an index of words.';
comment on column message_words.message_id is 'The message.';
comment on column message_words.seq is 'The message''s own, as are role and created_at: a search filters and orders by them and reads no message that it does not show.';
comment on column message_words.role is 'The message''s own.';
comment on column message_words.created_at is 'The message''s own.';
comment on column message_words.words is
    'to_tsvector(''russian'', content), which stems English too, and the lexemes ''user <user_id>'' and ''chat <chat_id>'': no text has a lexeme with a space, so a search of one user or chat is one lookup.';
-- What was written last waits in a list, which halves the indexer's work and which each search reads through: 1 MB of it
-- costs a search less than 1 ms, and the 4 MB of the default more than 3.
create index message_words_words_idx on message_words using gin (words) with (fastupdate = on, gin_pending_list_limit = 1024);

insert into unindexed_messages select id from chat_messages;
