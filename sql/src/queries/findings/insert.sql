-- findings::insert
insert into findings (item_key, item, rule, evidence, opened_at)
select $1 /* key */, $2 /* item */, $3 /* rule */, $4 /* evidence */, $5 /* opened at */
where not exists (
  select from findings where item_key = $1 and rule = $3 and finding_id > $6 /* last known */
)
