-- anchors::insert_proof
insert into anchor_proofs (anchor_id, block_number, block_hash, block_time, header, transaction_index, receipt, proof, final_at)
values ($1 /* anchor */, $2 /* height */, $3 /* block */, $4 /* time */, $5 /* header */, $6 /* index */,
        $7 /* receipt */, $8 /* nodes */, now())
