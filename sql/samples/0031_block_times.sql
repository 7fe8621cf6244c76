-- Rows as this version wrote them; later migrations must apply on top of them.
insert into event_blocks values (1, 1763596800000000, 1763596800000000, 1763596801000000, 1763596801000000);
