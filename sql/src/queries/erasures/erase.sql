-- erasures::erase
select erase_record(
  $1 /* ledger */, $2 /* leaf */, $3 /* leaf hash */, $4 /* at */, $5 /* first */, $6 /* second */, $7 /* reason */,
  $8 /* item keys */, $9 /* event key */, $10 /* log */, $11 /* index in the log */, $12 /* tombstone */,
  $13 /* bridge */, $14 /* boot */, $15 /* number */, $16 /* party */, $17 /* document */, $18 /* id */)
