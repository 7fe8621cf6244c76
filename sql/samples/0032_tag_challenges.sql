-- Rows as the version with challenges of tags wrote them; later migrations must apply on top of them.
insert into tag_key_sets (name, products, algorithm, check_value, wrapped, imported_at)
values ('tea-uhf', '{0952}', 'tam1', '66E94B', '\x01', now());
set role chopmark_trace_api;
insert into tag_challenges values ('\x01020304050607080900', now());
reset role;
