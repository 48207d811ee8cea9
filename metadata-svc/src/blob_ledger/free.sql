-- Each key is looked up in an index, however many keys there are, and however many rows name one.
select distinct key collate "C" as target from unnest($1) as key
where (select true from chat_images where s3_path collate "C" = key order by id limit 1) is null
    and (select true from chats where document_path collate "C" = key order by id limit 1) is null
order by target
