drop table reserved_keys;
drop table pending_deletes;
