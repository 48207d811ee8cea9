drop table deleted_chats;
