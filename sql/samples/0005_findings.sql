-- Rows as trace-api and the owner wrote them under the fifth version; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into scans (item_key, item, at, device, device_before, network, network_before, role, verdict)
  values (42, 'urn:x', now(), '\x01', '\x02', '\x03', '\x04', 'consumer', 'CONFLICT');
insert into findings (item_key, item, rule, evidence, opened_at) values (42, 'urn:x', 'many_networks', '{"networks":4}', now());
reset role;
insert into finding_resolutions select finding_id, 'brand', 'a market test', now(), 'note' from findings;
