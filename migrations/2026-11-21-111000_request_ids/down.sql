drop table request_ids;
