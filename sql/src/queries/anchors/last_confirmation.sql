-- anchors::last_confirmation
-- Two rounds at the same time count as one: the last answer of each endpoint.
select count(*), count(*) filter (where agreed), max(at) from (
  select distinct on (endpoint_host) agreed, at from anchor_confirmations
  where anchor_id = $1 /* anchor */
    and at = (select max(at) from anchor_confirmations where anchor_id = $1)
  order by endpoint_host, confirmation_id desc
) as last_answers
