-- Rows as the fifteenth version wrote them; later migrations must apply on top of them.
insert into events values (1, 1, 0, 1763596800000000, 1763596801000000, 7, 'urn:uuid:1');
insert into event_postings values (7, 0, '\x0001');
insert into event_values values (2, 'urn:epc:id:sgtin:4012345.011111.9876');
insert into trace_links values (7, 1, 1);
update projection_head set position = 1;
insert into projection_positions values (1, 2);
insert into projection_skips values (1, 1, 'no event');
