-- Rows as the twenty-seventh version wrote them; later migrations must apply on top of them.
set role chopmark_trace_api;
insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, photo)
values (sha256('a'), now(), 1, 'urn:epc:id:sgtin:9521141.012345.7', 'copy', 'the cap is loose', 'a market', 'zh', '\xffd8ffd9');
reset role;
update reports set state = 'answered', answer = 'we look into it', answered_at = now();
