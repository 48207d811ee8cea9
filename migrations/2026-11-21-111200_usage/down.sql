drop table usage_days;
