-- Rows as the twenty-ninth version wrote them; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into owners values ('https://id.gs1.org/01/04012345111118/21/9876', 1, sha256('a'), now(), 'code');
insert into owners values ('https://id.gs1.org/01/04012345111118/21/9876', 2, sha256('b'), now(), 'transfer');
insert into owner_links values ('https://id.gs1.org/01/04012345111118/21/9876', 'passport', 2, sha256('c'), now());
reset role;
