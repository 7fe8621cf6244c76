-- stored::subscribe
insert into subscriptions (subscription_id, subject, name, key_prefix, dest, signature_token, controls, created_at,
                           initial_record_time, position, due_at, most, is_stream, generation)
select $1 /* id */, $2 /* subject */, $3 /* name */, $4 /* key_prefix */, $5 /* dest */, $6 /* signature_token */,
       $7 /* controls */, $8 /* created_at */, $9 /* initial_record_time */, $10 /* position */, $11 /* due_at */, $12 /* most */,
       $13 /* is_stream */, $14 /* generation */
from named_queries where subject = $2 /* subject */ and name = $3 /* name */
