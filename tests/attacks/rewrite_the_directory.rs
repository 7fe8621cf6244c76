//! The owner of the database makes a party of its own the licensee of the brand's prefix.

use crate::events::{made, serial};
use crate::town::{DIRECTORY, Town, Who};

#[test]
fn an_entry_that_nobody_approved_makes_no_page_believe_it() {
    let mut town = Town::new();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    assert_eq!(town.verdict(&honest), "CONSISTENT");
    town.psql(&format!(
        "alter table record_chunks disable trigger all; \
         update record_chunks set texts = \
         convert_to(replace(convert_from(texts, 'UTF8'), '\"9521141\"', '\"9521148\"'), 'UTF8') where ledger_id = \
         (select ledger_id from ledgers where origin = '{DIRECTORY}'); \
         alter table record_chunks enable trigger all"
    ));
    let (code, text) = town.audit();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(DIRECTORY), "{text}");
    let (code, text) = town.chopmark(&["directory", "verify", "--policy", "pin.txt"]);
    assert_eq!(code, Some(1), "{text}");
    town.stop("trace-api");
    town.start("trace-api", town.internal);
    let page = town.look(&honest);
    assert_ne!(page["verdict"], "CONSISTENT", "no key is trusted any more: {page:#}");
    assert_eq!(page["lamps"]["record"], "broken", "{page:#}");
}
