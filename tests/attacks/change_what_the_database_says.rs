//! The owner of the database changes rows beside the records: times of the hub, names and kinds of ledgers.

use tests::stage::fetch;

use crate::events::{event, item, made, serial};
use crate::town::{BRAND, HUB, Town, Who};

/// Changes a row of an append-only table, or of a table of ledgers.
fn change(town: &Town, table: &str, set: &str, origin: &str) {
    town.psql(&format!(
        "alter table {table} disable trigger all; update {table} set {set} where ledger_id = \
         (select ledger_id from ledgers where origin = '{origin}'); alter table {table} enable trigger all"
    ));
}

#[test]
fn times_names_and_kinds_in_rows_change_no_verdict() {
    let town = Town::new();
    let (honest, recalled) = (serial(), serial());
    town.state(Who::Brand, &[made(&honest), made(&recalled)]);
    town.recall(Who::Brand, &event(Who::Brand, "holding", "recalled", &item(&recalled)));
    let before = town.look(&honest);
    assert_eq!(before["verdict"], "CONSISTENT", "{before:#}");
    change(&town, "checkpoints", "recorded_at = '2020-01-01'", HUB);
    assert_eq!(
        town.verdict(&honest),
        "CONSISTENT",
        "the hub cannot have had it before it was signed"
    );
    change(&town, "ledgers", "party = 'Evil'", BRAND);
    assert!(!town.look(&honest).to_string().contains("Evil"), "the directory knows the name");
    change(&town, "ledgers", "kind = 'hub'", BRAND);
    assert_eq!(town.verdict(&recalled), "RECALLED", "the policy knows what is a hub");
}

#[test]
fn a_name_that_resolves_to_this_machine_opens_no_internal_page() {
    let town = Town::shared();
    for path in ["/deliveries", "/metrics"] {
        let url = format!("http://{}{path}", town.internal);
        assert_eq!(fetch(&url, &[("Host", "evil.example")]).0, 421, "{path}");
        assert_eq!(fetch(&url, &[]).0, 200, "{path}");
    }
}
