-- Full-text search. Stemming a message and feeding the index costs several times the insert itself, so writers only note
-- the message's id; the service's indexer takes the notes in the background. A note and the words that it becomes change
-- places in one transaction: none is lost and none is indexed twice, whatever dies.

create table unindexed_messages (
    message_id uuid not null
);
comment on table unindexed_messages is
    'Notes of messages whose words are not indexed yet. No key and no foreign key, so that a note costs a writer next to nothing; indexers take notes by ctid, for update skip locked.';
comment on column unindexed_messages.message_id is 'The message; it may have been deleted since.';
-- Rows live for a second or two, and are scanned from the front.
alter table unindexed_messages set (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1
);

create table message_words (
    message_id uuid primary key,
    words tsvector not null,
    constraint message_words_message_id_fkey foreign key (message_id) references chat_messages (id) on delete cascade
);
comment on table message_words is 'The words of each message that is indexed, apart from it, so that appending never rewrites an index of words.';
comment on column message_words.message_id is 'The message.';
comment on column message_words.words is
    'to_tsvector(''russian'', content), which stems English too, and the lexemes ''user <user_id>'' and ''chat <chat_id>'': no text has a lexeme with a space, so a search of one user or chat is one lookup.';
create index message_words_words_idx on message_words using gin (words);

insert into unindexed_messages select id from chat_messages;
