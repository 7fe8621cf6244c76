-- A hint as trace-api wrote it under the twenty-fifth version; later migrations must apply on top of it.
set role chopmark_trace_api;
insert into findings (item_key, item, rule, evidence, opened_at) values (42, 'urn:x', 'sealed_elsewhere', '{}', now());
reset role;
