-- look::server
select current_setting('server_version'),
       current_setting('server_version_num')::integer,
       clock_timestamp(),
       current_user::text,
       (select rolsuper from pg_roles where rolname = current_user)
