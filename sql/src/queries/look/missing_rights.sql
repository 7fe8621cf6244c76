-- look::missing_rights
select r.name || ' ' || r.verb
from unnest($1::text[], $2::text[]) as r (name, verb)
where case when to_regclass(r.name) is null then true else not has_table_privilege(to_regclass(r.name), r.verb) end
order by 1
