-- erasures::cases
select distinct case_id from case_acts where position($1 /* leaf */ in text) > 0 order by case_id
