-- Rows as the twenty-second version wrote them; later migrations must apply on top of them.
insert into access_certificates values (decode(repeat('03', 32), 'hex'), 'dock.example', 'custodian', '{}',
  '{urn:epc:id:pgln:9521142.00000}', '{}', null, null, now(), now() + interval '1 day', null, null);
