//! The verbs that each role needs on each table, and no others: what the tests of rights compare with.

use sql::Access;

/// Tables that a role may select from, insert into, and the columns that it may update.
pub struct Rights {
    /// Tables.
    pub select: &'static [&'static str],
    /// Tables.
    pub insert: &'static [&'static str],
    /// Table and column.
    pub update: &'static [(&'static str, &'static str)],
}

/// What a role may do.
pub fn rights(access: Access) -> Rights {
    match access {
        Access::Owner => unreachable!("the owner has every right"),
        Access::Ingest => Rights {
            select: &[
                "schema_migrations",
                "ledgers",
                "ledger_heads",
                "record_chunks",
                "leaf_hash_chunks",
                "subtree_hashes",
                "checkpoints",
                "hub_entries",
                "forks",
                "item_records",
                "deliveries",
                "captures",
                "capture_parts",
                "expected_deliveries",
                "rule_states",
                "ledger_holds",
                "hold_releases",
            ],
            insert: &[
                "ledgers",
                "ledger_heads",
                "record_chunks",
                "subtree_hashes",
                "checkpoints",
                "item_records",
                "deliveries",
                "captures",
                "capture_parts",
                "expected_deliveries",
                "rule_states",
                "refusals",
                "differences",
                "forks",
            ],
            update: &[("ledger_heads", "size"), ("ledger_heads", "root"), ("rule_states", "state")],
        },
        Access::Anchor => Rights {
            select: &[
                "schema_migrations",
                "ledgers",
                "ledger_heads",
                "record_chunks",
                "leaf_hash_chunks",
                "subtree_hashes",
                "checkpoints",
                "hub_entries",
                "forks",
                "anchors",
                "anchor_attempts",
                "anchor_states",
                "anchor_proofs",
                "anchor_confirmations",
                "ledger_holds",
                "hold_releases",
            ],
            insert: &[
                "ledgers",
                "ledger_heads",
                "record_chunks",
                "subtree_hashes",
                "checkpoints",
                "hub_entries",
                "forks",
                "anchors",
                "anchor_attempts",
                "anchor_states",
                "anchor_proofs",
                "anchor_confirmations",
            ],
            update: &[
                ("ledger_heads", "size"),
                ("ledger_heads", "root"),
                ("anchor_states", "state"),
                ("anchor_states", "tx_hash"),
                ("anchor_states", "block_number"),
                ("anchor_states", "block_hash"),
                ("anchor_states", "updated_at"),
            ],
        },
        Access::TraceApi => rights_of_trace_api(),
    }
}

fn rights_of_trace_api() -> Rights {
    Rights {
        select: &[
            "schema_migrations",
            "ledgers",
            "ledger_heads",
            "record_chunks",
            "leaf_hash_chunks",
            "subtree_hashes",
            "checkpoints",
            "item_records",
            "expected_deliveries",
            "differences",
            "hub_entries",
            "forks",
            "anchors",
            "anchor_states",
            "anchor_proofs",
            "anchor_confirmations",
            "scans",
            "scan_totals",
            "scan_devices",
            "scan_networks",
            "scan_places",
            "findings",
            "finding_resolutions",
        ],
        insert: &["scans", "findings"],
        update: &[],
    }
}
