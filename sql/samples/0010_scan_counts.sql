-- Rows as trace-api writes them under the tenth version, counted by triggers; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into scans (item_key, item, at, device, device_before, network, network_before, role, place, latitude, longitude,
                   uncertainty_km, verdict)
  values (42, 'urn:x', now(), '\x01', '\x02', '\x03', '\x04', 'consumer', 'Shanghai', 31.2, 121.5, 20, 'CONFLICT'),
         (42, 'urn:x', now(), '\x05', '\x06', '\x07', '\x08', 'consumer', 'Shanghai', 31.2, 121.5, 20, 'CONFLICT');
reset role;
