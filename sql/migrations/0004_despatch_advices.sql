-- Despatch advices are kept by shipper and number: a second one under a used number no longer disappears.
--
-- Each announcing record is a row of its own. A difference names the shipper of the advice that it was compared with.

alter table expected_deliveries drop constraint expected_deliveries_pkey;
alter table expected_deliveries
  -- Keys of the announced items, one for every spelling of an item; empty in rows of earlier versions.
  add column things text[] not null default '{}',
  add constraint expected_deliveries_pkey
    primary key (ledger_id, shipped_by, despatch_advice, recorded_in, leaf_index);
create index expected_deliveries_things on expected_deliveries using gin (things);

-- Until now there was one advice of each number.
alter table differences disable trigger differences_append_only;
alter table differences add column shipped_by text;  -- shipper of the advice
update differences set shipped_by = coalesce(
  (select e.shipped_by from expected_deliveries e
   where e.ledger_id = differences.ledger_id and e.despatch_advice = differences.despatch_advice), '');
alter table differences alter column shipped_by set not null;
alter table differences enable trigger differences_append_only;
