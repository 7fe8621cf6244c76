-- The texts of a chunk in one row of bytes, with the place where each ends, so that one record is read without the
-- others: an array of texts was read whole to give one element.

alter table record_chunks disable trigger record_chunks_append_only;
alter table record_chunks
  add column texts     bytea,      -- the texts one after the other, UTF-8: canonical records; of a hub the notes
  add column text_ends integer[];  -- offset in bytes behind each text
-- Stored without compression, so that a slice is read without the rest; hashes and secrets could not be compressed anyway.
-- Before the texts are written: what is stored already stays as it is.
alter table record_chunks
  alter column texts set storage external,
  alter column leaf_hashes set storage external,
  alter column secrets set storage external;
update record_chunks set
  texts = (select string_agg(convert_to(one, 'UTF8'), '' order by place)
           from unnest(records) with ordinality as u (one, place)),
  text_ends = (select array_agg(behind::integer order by place)
               from (select place, sum(octet_length(convert_to(one, 'UTF8'))) over (order by place) as behind
                     from unnest(records) with ordinality as u (one, place)) as summed);
alter table record_chunks
  drop column records,
  alter column texts set not null,
  alter column text_ends set not null,
  add constraint record_chunks_texts
    check (cardinality(text_ends) = leaf_count and octet_length(texts) = text_ends[leaf_count]);
alter table record_chunks enable trigger record_chunks_append_only;
