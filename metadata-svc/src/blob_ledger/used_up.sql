-- Each key, and the folder that a prefix on record may be, is looked up in an index, however many keys there are.
select key as target
from unnest($1, $2) as given (key, folder)
where (select true from pending_deletes where target = key and not is_prefix)
    or (select true from pending_deletes where target = folder and is_prefix)
