-- Rows as the twenty-sixth version wrote them; later migrations must apply on top of them.
set role chopmark_desk;
insert into export_jobs values (repeat('0a', 16), 'authority/lee', now(), 'lot:L2611A', 'recall seven', 'fsma204-csv', true, 'zh', 'waiting',
  now(), 0, null, 0, null, null, null, null, null);
update export_jobs set state = 'done', alive_until = 'infinity', ended_at = now(), manifest = '{}', signature = '', expires_at = now();
reset role;
