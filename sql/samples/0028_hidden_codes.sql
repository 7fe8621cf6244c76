-- Rows as the twenty-eighth version wrote them; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into code_uses values ('https://id.gs1.org/01/04012345111118/21/9876', now(), '\x0102');
update code_uses set device = null;
reset role;
