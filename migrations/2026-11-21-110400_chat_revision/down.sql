alter table chats drop column revision;
