-- master::history
select kind, element_key, element, vocabulary, attribute, place, language, value, stated_by, source, document_sha256, ledger_id,
  leaf_index, since, ended_at, statement_id
from master_data where element_key = $1 /* key */ and statement_id > $2 /* after */ order by statement_id limit $3 /* most */
