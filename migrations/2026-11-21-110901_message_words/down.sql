drop table message_words;
drop table unindexed_messages;
