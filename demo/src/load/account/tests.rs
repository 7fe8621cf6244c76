//! What the account makes of answers, above all of those that must not be.

use std::time::Duration;

use demo::traffic::{Answer, Shape};

use super::*;

fn account() -> Account {
    let shape = Shape { events: 2, items: 3 };
    let goods = ["9521141", "9521142"].map(|prefix| Goods::new(1, prefix, shape).unwrap());
    Account::new(goods.to_vec(), 1)
}

fn end(account: &Account, number: u64, status: u16, body: &str) {
    let request = Request { bytes: vec![1], id: number };
    let answer = Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() };
    let answer = (status > 0).then_some(&answer);
    let done =
        Done { request: &request, answer, error: None, latency: Duration::ZERO, attempts: 1 };
    account.captured(&done);
}

fn answer(indexes: &str) -> String {
    format!("{{\"ledger\":\"l\",\"indexes\":{indexes},\"refusals\":[],\"capture\":\"c\"}}")
}

#[test]
fn an_index_that_two_answers_give_and_an_answer_that_lacks_one_are_faults() {
    let account = account();
    end(&account, 0, 202, &answer("[0,1]"));
    end(&account, 1, 202, &answer("[2,3]"));
    assert_eq!(account.read(|counted| (counted.faults, counted.documents)), (0, 2));
    end(&account, 2, 202, &answer("[3,4]"));
    end(&account, 3, 202, &answer("[5]"));
    end(&account, 4, 202, "{\"outcome\":\"recorded\"}");
    let faults = account.read(|counted| counted.first_faults.join("\n"));
    for words in [
        "two answers gave index 3 of l",
        "got 1 indexes, expected 2",
        "expected ledger, capture and indexes",
    ] {
        assert!(faults.contains(words), "{words}: {faults}");
    }
    assert_eq!(account.read(|counted| counted.ledgers["l"].count()), 6);
}

#[test]
fn a_document_without_an_answer_is_asked_for_again_and_a_refused_one_is_named() {
    let account = account();
    end(&account, 0, 0, "");
    end(&account, 1, 503, "busy");
    end(&account, 2, 422, "not a document");
    let unknown = |account: &Account| account.read(|counted| counted.unknown);
    assert_eq!(unknown(&account), 2);
    let lost = account.take_lost();
    assert_eq!(lost.iter().map(|request| request.id).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(unknown(&account), 0);
    end(&account, 0, 202, &answer("[0,1]"));
    end(&account, 1, 0, "");
    assert_eq!(unknown(&account), 1, "still none");
    assert_eq!(account.first_refusal().as_deref(), Some("422: not a document"));
}

#[test]
fn scans_choose_among_items_that_are_recorded() {
    let account = account();
    let mut random = Seeded::new(4);
    assert_eq!(account.some_item(&mut random), None);
    end(&account, 1, 202, &answer("[0,1]"));
    let known: Vec<String> =
        account.goods[1].items_of(0).map(|item| account.goods[1].scan_path(item)).collect();
    let chosen: Vec<String> = (0..100).map(|_| account.some_item(&mut random).unwrap()).collect();
    assert!(chosen.iter().all(|path| known.contains(path)));
    assert!(known.iter().all(|path| chosen.contains(path)), "each is chosen some time");
}
