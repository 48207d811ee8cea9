alter table search_results drop column number;
alter table chat_images drop column number;
alter table chat_messages drop column seq;
alter table chats drop column last_seq;
