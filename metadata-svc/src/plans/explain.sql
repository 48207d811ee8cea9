-- Each statement's plan goes to the log, as it ran.
alter database postgres set session_preload_libraries = 'auto_explain';
alter database postgres set auto_explain.log_min_duration = 0;
alter database postgres set auto_explain.log_analyze = on;
alter database postgres set auto_explain.log_timing = off;
alter database postgres set auto_explain.log_nested_statements = on;
alter database postgres set auto_explain.log_format = 'json';
alter database postgres set auto_explain.log_level = 'warning';
