-- Findings that decide nothing: what the issuer should know of scans of an item, and the scanning person is told.
alter table findings drop constraint findings_rule;
alter table findings add constraint findings_rule check (rule in (
  'impossible_travel', 'sold_twice', 'many_networks',   -- open ones decide the verdict
  'sealed_elsewhere', 'broken_code', 'other_market'));  -- hints
