select distinct key collate "C" as target from unnest($1) as key
where not exists (select from chat_images where s3_path collate "C" = key)
    and not exists (select from chats where document_path collate "C" = key)
order by target
