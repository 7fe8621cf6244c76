-- owners::registered
select (select used_at from code_uses where item = $1 /* item */),
       (select since from owners where item = $1 /* item */ and number = 1)
