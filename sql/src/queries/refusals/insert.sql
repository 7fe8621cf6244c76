-- refusals::insert
insert into refusals (at, source, kind, code, detail, body_sha256, excerpt, count)
select * from unnest($1::timestamptz[] /* at */, $2::text[] /* sources */, $3::text[] /* kinds */, $4::text[] /* codes */,
                     $5::text[] /* details */, $6::bytea[] /* digests */, $7::bytea[] /* excerpts */,
                     $8::bigint[] /* counts */)
