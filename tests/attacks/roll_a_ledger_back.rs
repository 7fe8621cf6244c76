//! The owner of the database removes the newest records of a ledger, and lets it go on from there.

use crate::events::{event, item, made, serial};
use crate::town::{BRAND, SHOP, Town, Who};

#[test]
fn a_ledger_that_shrank_is_named_by_the_audit_shown_by_the_page_and_not_signed_again() {
    let mut town = Town::new();
    let (kept, lost) = (serial(), serial());
    town.state(Who::Brand, &[made(&kept), made(&lost)]);
    town.state(Who::Shop, &[event(Who::Shop, "inspecting", "in_progress", &item(&kept))]);
    town.state(Who::Brand, &[event(Who::Brand, "destroying", "destroyed", &item(&lost))]);
    assert_eq!(town.audit().0, Some(0), "{}", town.audit().1);
    assert_eq!(town.verdict(&lost), "REJECTED");

    town.stop("ingest");
    town.roll_back(BRAND, 2);
    let (code, text) = town.audit();
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains(&format!("ROLLED BACK  {BRAND}")), "{text}");
    let page = town.look(&lost);
    assert_ne!(page["verdict"], "CONSISTENT", "{page:#}");

    let mut again = town.up("ingest");
    assert!(!again.wait().success());
    let log = town.log("ingest");
    assert!(log.contains(&format!("`{BRAND}` is not signed")), "{log}");
    assert!(!log.contains(&format!("`{SHOP}` is not signed")), "{log}");
}
