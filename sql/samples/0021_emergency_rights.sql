-- Rows as the twenty-first version wrote them; later migrations must apply on top of them.
insert into access_keys (prefix, key_sha256, subject, role, products, parties, jurisdictions, created_at, expires_at)
  values ('chm_aaaaaaaa', decode(repeat('01', 32), 'hex'), 'lee', 'operator', '{}', '{}', '{}', now(), now() + interval '1 day'),
         ('chm_bbbbbbbb', decode(repeat('02', 32), 'hex'), 'chen', 'operator', '{}', '{}', '{}', now(), now() + interval '1 day');
insert into emergency_rights values ('emg_aaaaaaaa', 'kim', 'regulator', '{9521141}', '{}', '{}', null, null, 2, 'recall',
  'lee', 'chm_aaaaaaaa', now(), 'chen', 'chm_bbbbbbbb', now(), null, null, null);
