-- anchors::insert_confirmation
insert into anchor_confirmations (anchor_id, endpoint_host, agreed, answer, at)
values ($1 /* anchor */, $2 /* host */, $3 /* agreed */, $4 /* answer */, $5 /* at */)
