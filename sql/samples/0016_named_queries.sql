-- Rows as the sixteenth version wrote them; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into named_queries values ('shop', 'received', '{"EQ_bizStep":["receiving"]}', now());
insert into subscriptions (subscription_id, subject, name, key_prefix, dest, controls, created_at, initial_record_time, is_stream, generation, position, due_at, most)
  values ('00112233445566778899aabbccddeeff', 'shop', 'received', '{}', 'https://shop.example/hook', '{"stream":true}', now(), now(), true, 0, 0, now(), 100);
reset role;
