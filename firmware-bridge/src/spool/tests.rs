//! The spool, opened again and again.

use jiff::Timestamp;
use reads::{Delivery, Finding};
use rusqlite::{Connection, params};

use super::convert::text;
use super::schema::VERSIONS;
use super::*;

#[test]
fn a_boot_number_is_never_used_twice_and_sequences_begin_at_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool.sqlite");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut spool = Spool::open(&path).unwrap();
        let boot = spool.new_boot(Timestamp::UNIX_EPOCH).unwrap();
        let mut batch = spool.begin().unwrap();
        assert_eq!((batch.next_seq(boot).unwrap(), batch.next_seq(boot).unwrap()), (1, 2));
        batch.commit().unwrap();
        assert!(!seen.contains(&boot));
        seen.push(boot);
    }
}

#[test]
fn boots_of_two_fresh_files_differ_so_that_a_replaced_spool_takes_no_number_again() {
    let folder = tempfile::tempdir().unwrap();
    let boot = |name: &str, at: &str| {
        Spool::open(&folder.path().join(name)).unwrap().new_boot(at.parse().unwrap()).unwrap()
    };
    assert_eq!(boot("a", "2026-11-20T08:00:00Z"), 1_795_161_600_000);
    assert_eq!(boot("b", "2026-11-20T08:00:00.001Z"), 1_795_161_600_001);
    // A clock that went back, or stands before 1970, gives no number again.
    assert_eq!(boot("a", "2026-11-20T07:00:00Z"), 1_795_161_600_001);
    assert_eq!(boot("c", "1969-12-31T00:00:00Z"), 1);
}

#[test]
fn what_was_committed_is_there_after_opening_again_and_what_was_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool.sqlite");
    let mut spool = Spool::open(&path).unwrap();
    let mut batch = spool.begin().unwrap();
    let window = batch.open_window("r1", Timestamp::UNIX_EPOCH).unwrap();
    batch.add_raw(window, b"abc").unwrap();
    batch.add_raw(window, b"def").unwrap();
    batch.add_gap(window, "two reads").unwrap();
    batch.commit().unwrap();
    let mut batch = spool.begin().unwrap();
    batch.add_raw(window, b"lost").unwrap();
    drop(batch);
    drop(spool);
    let spool = Spool::open(&path).unwrap();
    assert_eq!(spool.open_windows().unwrap()[0].source, "r1");
    assert_eq!(spool.raw(window).unwrap(), b"abcdef");
    assert_eq!(spool.gaps(window).unwrap(), ["two reads"]);
}

/// A window without reads, as a delivery.
pub(crate) fn delivery(boot: u64, seq: u64) -> Waiting {
    let body = serde_json::json!({
        "contract": reads::CONTRACT, "bridge": "b1", "boot": boot, "seq": seq, "reader": "r1",
        "readPoint": "urn:epc:id:sgln:9521142.00001.3", "opened": "2026-11-20T08:00:00Z",
        "closed": "2026-11-20T08:00:01Z", "reads": 0, "windowDigest": "0".repeat(64), "suspectClock": false,
        "late": false, "gaps": [], "observations": [], "sensors": [],
    });
    let delivery: Delivery = serde_json::from_value(body).unwrap();
    Waiting { boot, seq, body: delivery.to_bytes() }
}

/// Puts deliveries of one window into the outbox.
pub(crate) fn put(spool: &mut Spool, deliveries: &[Waiting]) {
    let mut batch = spool.begin().unwrap();
    let window = batch.open_window("r1", Timestamp::UNIX_EPOCH).unwrap();
    for waiting in deliveries {
        batch.add_delivery(window, waiting).unwrap();
    }
    batch.commit().unwrap();
}

#[test]
fn deliveries_leave_in_order_and_the_refused_are_kept_whole_until_they_are_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let huge = Waiting { boot: 1, seq: 1, body: vec![7; 200_000] };
    put(&mut spool, &[huge.clone(), delivery(1, 2), delivery(2, 1)]);
    assert_eq!(spool.oldest().unwrap().as_ref(), Some(&huge));
    spool.refuse(&huge, "422: malformed", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((spool.oldest().unwrap().unwrap().seq, spool.waiting().unwrap()), (2, 2));
    spool.forget(1, 2).unwrap();
    let refused = spool.refused().unwrap();
    let told = (refused[0].boot, refused[0].seq, refused[0].bytes, refused[0].reason.as_str());
    assert_eq!((refused.len(), told), (1, (1, 1, 200_000, "422: malformed")));
    // It comes behind what waits, to the byte.
    assert_eq!(spool.resend().unwrap(), 1);
    assert_eq!(spool.oldest().unwrap(), Some(delivery(2, 1)));
    spool.forget(2, 1).unwrap();
    assert_eq!((spool.oldest().unwrap(), spool.refused().unwrap()), (Some(huge), vec![]));
    assert_eq!(spool.resend().unwrap(), 0);
}

#[test]
fn a_delivery_that_is_numbered_anew_keeps_its_turn_and_all_that_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let boot = spool.new_boot(Timestamp::from_second(1_795_161_600).unwrap()).unwrap();
    put(&mut spool, &[delivery(1, 1), delivery(1, 2)]);
    for seq in [1, 2] {
        let waiting = spool.oldest().unwrap().unwrap();
        assert_eq!(waiting, delivery(1, seq));
        assert_eq!(spool.renumber(&waiting, boot).unwrap(), seq);
        assert_eq!(spool.oldest().unwrap(), Some(delivery(boot, seq)));
        spool.forget(boot, seq).unwrap();
    }
    let other = Waiting { boot: 1, seq: 3, body: b"{}".to_vec() };
    assert!(matches!(spool.renumber(&other, boot), Err(SpoolError::Data(_))));
}

#[test]
fn a_setting_that_changes_is_kept_with_its_old_and_new_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    for (value, old) in [("2000", None), ("2000", None), ("2600", Some("2000".to_owned()))] {
        let mut batch = spool.begin().unwrap();
        let found = batch.put_setting("r1", "power_cdbm", value, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(found, old);
        batch.commit().unwrap();
    }
    let changes = spool.changes(10).unwrap();
    assert_eq!(
        (changes.len(), changes[0].old.as_str(), changes[0].new.as_str()),
        (1, "2000", "2600")
    );
    assert_eq!(spool.settings().unwrap(), [("r1".into(), "power_cdbm".into(), "2600".into())]);
}

#[test]
fn the_same_finding_within_an_hour_is_counted_and_later_kept_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let finding = Finding { code: reads::code::LOST, text: "gone".into() };
    for seconds in [0, 60, 3000, 20_000] {
        let mut batch = spool.begin().unwrap();
        let at = Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        batch.add_finding("r1", &finding, at).unwrap();
        batch.commit().unwrap();
    }
    let counts: Vec<i64> = spool.findings(10).unwrap().iter().map(|f| f.count).collect();
    assert_eq!(counts, [1, 3]);
}

#[test]
fn a_file_of_the_first_version_is_taken_over_and_one_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(VERSIONS[0]).unwrap();
    connection
        .execute_batch(
            "insert into windows (source, opened) values ('r1', '2026-11-20T08:00:00Z');
             insert into messages (digest, at) values (x'07', '2026-11-20T08:00:00.123456789Z')",
        )
        .unwrap();
    drop(connection);
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.open_windows().unwrap()[0].source, "r1");
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
    let mut batch = spool.begin().unwrap();
    assert!(!batch.remember_message(&[7], at).unwrap(), "its messages are remembered");
    batch.forget_old(at, jiff::SignedDuration::ZERO).unwrap();
    assert!(!batch.remember_message(&[7], at).unwrap(), "and as old as they were");
    batch.forget_old(at + jiff::SignedDuration::from_secs(1), jiff::SignedDuration::ZERO).unwrap();
    assert!(batch.remember_message(&[7], at).unwrap());
    drop(batch);
    drop(spool);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(Spool::open(&path).unwrap_err().to_string().contains("newer"));
}

#[test]
fn two_threads_that_read_and_write_wait_for_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let boot = Spool::open(&path).unwrap().new_boot(Timestamp::UNIX_EPOCH).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut spool = Spool::open(&path).unwrap();
                for _ in 0..200 {
                    let mut batch = spool.begin().unwrap();
                    // First a look, then a change: the other thread has mostly written in between.
                    let last = batch.last_seq(boot).unwrap();
                    assert_eq!(batch.next_seq(boot).unwrap(), last + 1);
                    batch.commit().unwrap();
                }
            });
        }
    });
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.begin().unwrap().last_seq(boot).unwrap(), 400);
}

#[test]
fn a_delivery_that_is_forgotten_while_a_window_closes_spoils_neither() {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut keeper = Spool::open(&path).unwrap();
    let boot = keeper.new_boot(Timestamp::UNIX_EPOCH).unwrap();
    let mut batch = keeper.begin().unwrap();
    let window = batch.open_window("r1", Timestamp::UNIX_EPOCH).unwrap();
    batch.add_delivery(window, &Waiting { boot, seq: 9, body: vec![7] }).unwrap();
    batch.commit().unwrap();
    let mut deliverer = Spool::open(&path).unwrap();
    // As the keeper closes a window: it looks, it settles, it writes.
    let mut batch = keeper.begin().unwrap();
    assert_eq!(batch.last_seq(boot).unwrap(), 0);
    let (sender, forgotten) = channel();
    let thread = std::thread::spawn(move || sender.send(deliverer.forget(boot, 9).is_ok()));
    let meanwhile = forgotten.recv_timeout(std::time::Duration::from_millis(300));
    let seq = batch.next_seq(boot);
    assert!(matches!(seq, Ok(1)), "{seq:?}");
    batch.commit().unwrap();
    // The other one had to wait, and then it happened as well.
    assert_eq!(meanwhile, Err(RecvTimeoutError::Timeout));
    assert_eq!(forgotten.recv_timeout(std::time::Duration::from_secs(10)), Ok(true));
    thread.join().unwrap().unwrap();
}

#[test]
fn reads_that_were_dropped_are_one_gap_with_their_sum() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let mut batch = spool.begin().unwrap();
    let window = batch.open_window("r1", Timestamp::UNIX_EPOCH).unwrap();
    batch.add_gap(window, "two events are missing").unwrap();
    for reads in [7, 100, 1] {
        batch.add_dropped(window, reads).unwrap();
    }
    batch.commit().unwrap();
    let gaps = spool.gaps(window).unwrap();
    assert_eq!(gaps, ["two events are missing", "108 reads dropped, spool full"]);
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn close(batch: &Batch<'_>, window: i64, at: Timestamp) {
    let sql = "update windows set closed = ?2 where window = ?1";
    batch.tx.execute(sql, params![window, text(at)]).unwrap();
}

#[test]
fn room_is_made_of_old_messages_then_dead_letters_then_closed_windows_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let now = at("2026-11-20T08:00:00Z");
    put(&mut spool, &[delivery(1, 1)]);
    let mut batch = spool.begin().unwrap();
    let window = batch.open_window("r1", now).unwrap();
    close(&batch, window, now);
    batch.remember_message(b"old", at("2026-11-20T06:59:59Z")).unwrap();
    batch.remember_message(b"new", at("2026-11-20T07:00:01Z")).unwrap();
    batch.dead_letter("r1", "no JSON", b"[", now).unwrap();
    let mut forgotten = Vec::new();
    for _ in 0..4 {
        let Forgotten { messages, dead_letters, windows } = batch.make_room(now).unwrap();
        forgotten.push((messages, dead_letters, windows));
    }
    assert_eq!(forgotten, [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]);
    assert!(!batch.remember_message(b"new", now).unwrap());
    batch.commit().unwrap();
    assert_eq!((spool.waiting().unwrap(), spool.open_windows().unwrap().len()), (1, 1));
}

#[test]
fn dead_letters_are_kept_for_a_month_and_a_thousand_of_them_and_what_goes_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let now = at("2026-11-20T08:00:00Z");
    let hour = jiff::SignedDuration::from_hours(1);
    let mut batch = spool.begin().unwrap();
    batch.dead_letter("r1", "old", b"", at("2026-10-21T07:59:59Z")).unwrap();
    for number in 0..999 {
        batch.dead_letter("r1", &number.to_string(), b"", now).unwrap();
    }
    assert_eq!(batch.forget_old(now, hour).unwrap().dead_letters, 1);
    for number in 999..1005 {
        batch.dead_letter("r1", &number.to_string(), b"", now).unwrap();
    }
    assert_eq!(batch.forget_old(now, hour).unwrap().dead_letters, 5);
    batch.commit().unwrap();
    let letters = spool.dead_letters().unwrap();
    assert_eq!((letters.len(), letters[0].1.as_str()), (1000, "5"));
}

#[test]
fn a_window_of_which_nothing_was_delivered_is_forgotten_after_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(&folder.path().join("s")).unwrap();
    let closed = at("2026-11-20T08:00:00Z");
    let mut batch = spool.begin().unwrap();
    for seq in [1, 2] {
        let window = batch.open_window("shelf", closed).unwrap();
        if seq == 1 {
            batch.add_delivery(window, &delivery(1, 1)).unwrap();
        }
        close(&batch, window, closed);
    }
    let hours = |hours| jiff::SignedDuration::from_hours(hours);
    batch.forget_old(at("2026-11-20T08:10:00Z"), hours(72)).unwrap();
    let kept = |batch: &Batch<'_>| -> i64 {
        batch.tx.query_row("select count(*) from windows", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(&batch), 2);
    batch.forget_old(at("2026-11-20T08:10:01Z"), hours(72)).unwrap();
    assert_eq!(kept(&batch), 1);
    batch.forget_old(at("2026-11-23T08:00:01Z"), hours(72)).unwrap();
    assert_eq!(kept(&batch), 0);
}

/// Name and mode of each file of a folder.
fn modes(folder: &std::path::Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn the_spool_is_for_its_owner_alone_and_one_that_others_could_read_is_narrowed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let own = ["s", "s-shm", "s-wal"].map(|name| (name.to_owned(), 0o600));
    let mut spool = Spool::open(&path).unwrap();
    put(&mut spool, &[delivery(1, 1)]);
    assert_eq!(modes(folder.path()), own);
    for (name, _) in &own {
        let wide = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.path().join(name), wide).unwrap();
    }
    let again = Spool::open(&path).unwrap();
    assert_eq!(modes(folder.path()), own);
    assert_eq!(again.waiting().unwrap(), 1);
}

#[test]
fn a_spool_is_refused_in_a_folder_in_which_anybody_could_replace_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let set = |mode| {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o777);
    let refused = Spool::open(&folder.path().join("s")).unwrap_err();
    assert!(refused.to_string().contains("got mode 0777"), "{refused}");
    assert!(!refused.passes() && modes(folder.path()).is_empty());
    // In such a folder only the owner of a file can replace it, as in /tmp.
    set(0o1777);
    Spool::open(&folder.path().join("s")).unwrap();
}
