-- What a history asks of tables that grow with the number of ledgers: which of them are hubs, and evidence of forks of one.

create index ledgers_hubs on ledgers (ledger_id) where kind = 'hub';
create index forks_ledger on forks (ledger_id);
