alter table search_results
    drop column message_seq,
    drop column number;
alter table chat_images
    drop column message_seq,
    drop column number;
alter table chat_messages drop column seq;
alter table chats drop column last_seq;
