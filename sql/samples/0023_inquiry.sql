-- Rows as the twenty-third version wrote them; later migrations must apply on top of them.
set role chopmark_desk;
insert into cases (opened_by, opened_at) values ('authority/lee', now());
insert into case_acts select case_id, 1, 'authority/lee', 'open', '{}', sha256('') from cases;
insert into case_members select 'authority/lee', case_id from cases;
insert into saved_searches values ('authority/lee', 'tea', 'lot:L2611A', now());
reset role;
