//! Each question gets its own answer, also where one of those asked with it fails, panics or goes away.

use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::*;

/// Answers numbers with their double, when it is let go.
#[derive(Clone)]
struct Doubler {
    /// How many were asked together each time.
    asked: mpsc::UnboundedSender<Vec<i32>>,
    go: Arc<Semaphore>,
}

/// A number that makes asking fail, one that makes it panic, one that has an error of its own, and one that finds no database.
const FAILS: i32 = -1;
const PANICS: i32 = -2;
const HAS_AN_ERROR: i32 = -3;
const IS_AWAY: i32 = -4;

struct Number(i32);

impl Question<Doubler> for Number {
    type Answer = i32;

    async fn ask_all(
        database: &Doubler,
        questions: &[Self],
    ) -> Result<Vec<Result<i32, Error>>, Error> {
        database.asked.send(questions.iter().map(|one| one.0).collect()).unwrap();
        database.go.acquire().await.unwrap().forget();
        let has = |number: i32| questions.iter().any(|one| one.0 == number);
        assert!(!has(PANICS), "a test wants it");
        if has(IS_AWAY) {
            return Err(Error::Unavailable("away".into()));
        }
        if has(FAILS) {
            return Err(Error::Value("bad".into()));
        }
        let answer = |one: &Number| match one.0 {
            HAS_AN_ERROR => Err(Error::data("its own")),
            number => Ok(2 * number),
        };
        Ok(questions.iter().map(answer).collect())
    }
}

struct Scene {
    lanes: Lanes,
    database: Doubler,
    asked: mpsc::UnboundedReceiver<Vec<i32>>,
}

type Asking = tokio::task::JoinHandle<Result<i32, Error>>;

impl Scene {
    /// With as many questions out as may be, so that all others wait.
    async fn busy() -> (Self, Vec<Asking>) {
        let (sender, asked) = mpsc::unbounded_channel();
        let database = Doubler { asked: sender, go: Arc::new(Semaphore::new(0)) };
        let mut scene = Self { lanes: Lanes::default(), database, asked };
        let mut first = Vec::new();
        for number in 0..i32::try_from(MOST_OUT).unwrap() {
            first.push(scene.ask(1000 + number));
            assert_eq!(scene.next().await, [1000 + number], "asked at once, alone");
        }
        (scene, first)
    }

    fn ask(&self, number: i32) -> Asking {
        let (lanes, database) = (self.lanes.clone(), self.database.clone());
        tokio::spawn(async move { lanes.ask(&database, Number(number)).await })
    }

    /// What is asked next.
    async fn next(&mut self) -> Vec<i32> {
        tokio::time::timeout(Duration::from_secs(10), self.asked.recv()).await.unwrap().unwrap()
    }

    fn waiting(&self) -> usize {
        self.lanes.lane::<Lane<Number, i32>>().queue().waiting.len()
    }

    /// Puts these while the lane is busy, and waits until they are in it.
    async fn put(&self, numbers: &[i32]) -> Vec<Asking> {
        let before = self.waiting();
        let mut asking = Vec::new();
        for (number, count) in numbers.iter().zip(1..) {
            asking.push(self.ask(*number));
            while self.waiting() < before + count {
                tokio::task::yield_now().await;
            }
        }
        asking
    }

    fn go(&self, count: usize) {
        self.database.go.add_permits(count);
    }
}

async fn answers(asking: Vec<Asking>) -> Vec<Result<i32, String>> {
    let mut all = Vec::new();
    for one in asking {
        all.push(one.await.unwrap().map_err(|error| error.to_string()));
    }
    all
}

#[tokio::test]
async fn whoever_comes_while_a_question_is_out_is_asked_with_the_others_and_gets_its_own_answer() {
    let (mut scene, first) = Scene::busy().await;
    let numbers: Vec<i32> = (0..i32::try_from(MOST).unwrap() + 3).collect();
    let asking = scene.put(&numbers).await;
    scene.go(1);
    assert_eq!(scene.next().await, numbers[..MOST], "in their order, and not too many");
    scene.go(10);
    let doubled: Vec<_> = numbers.iter().map(|number| Ok(2 * number)).collect();
    assert_eq!(answers(asking).await, doubled);
    assert_eq!(answers(first).await, [Ok(2000), Ok(2002)]);
    assert_eq!(scene.next().await, numbers[MOST..]);
    let late = scene.ask(7);
    assert_eq!(scene.next().await, [7], "who comes alone is asked alone");
    assert_eq!(answers(vec![late]).await, [Ok(14)]);
}

#[tokio::test]
async fn a_question_that_makes_the_others_fail_or_panic_fails_alone() {
    for bad in [FAILS, PANICS] {
        let (mut scene, _first) = Scene::busy().await;
        let asking = scene.put(&[1, bad, 2]).await;
        scene.go(1000);
        assert_eq!(scene.next().await, [1, bad, 2]);
        let mut each = [scene.next().await, scene.next().await, scene.next().await].concat();
        each.sort_unstable();
        assert_eq!(each, [bad, 1, 2], "each is asked alone");
        let got: Vec<Result<i32, Error>> = {
            let mut got = Vec::new();
            for one in asking {
                got.push(one.await.unwrap());
            }
            got
        };
        assert!(matches!(got[..], [Ok(2), Err(_), Ok(4)]), "{got:?}");
        let later = scene.ask(5);
        assert_eq!(scene.next().await, [5]);
        assert_eq!(answers(vec![later]).await, [Ok(10)], "the lane goes on");
    }
}

#[tokio::test]
async fn an_error_of_one_answer_is_told_to_nobody_else() {
    let (mut scene, _first) = Scene::busy().await;
    let asking = scene.put(&[1, HAS_AN_ERROR, 2]).await;
    scene.go(1000);
    assert_eq!(scene.next().await, [1, HAS_AN_ERROR, 2]);
    assert_eq!(answers(asking).await, [Ok(2), Err("its own".to_owned()), Ok(4)]);
}

#[tokio::test]
async fn of_a_database_that_is_away_all_are_told_at_once() {
    let (mut scene, _first) = Scene::busy().await;
    let asking = scene.put(&[1, IS_AWAY]).await;
    scene.go(1000);
    assert_eq!(scene.next().await, [1, IS_AWAY]);
    let away = Err("database is not available: away".to_owned());
    assert_eq!(answers(asking).await, [away.clone(), away]);
    assert!(scene.asked.try_recv().is_err(), "nobody is asked alone");
}

#[tokio::test]
async fn whoever_goes_away_takes_nobody_along() {
    let (mut scene, first) = Scene::busy().await;
    let asking = scene.put(&[1, 2, 3]).await;
    asking[1].abort();
    // The one that is out goes away too; what it asked goes on.
    first[0].abort();
    while !asking[1].is_finished() || !first[0].is_finished() {
        tokio::task::yield_now().await;
    }
    scene.go(1000);
    assert_eq!(scene.next().await, [1, 3]);
    for (one, expected) in asking.into_iter().zip([Some(2), None, Some(6)]) {
        assert_eq!(one.await.ok().map(Result::unwrap), expected);
    }
}

#[test]
fn when_the_runtime_of_whoever_asks_ends_those_who_wait_get_an_error_and_the_next_an_answer() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ending, staying) = (runtime(), runtime());
    let (mut scene, _first) = ending.block_on(Scene::busy());
    let waiting = {
        let (lanes, database) = (scene.lanes.clone(), scene.database.clone());
        staying.spawn(async move { lanes.ask(&database, Number(1)).await })
    };
    staying.block_on(async {
        while scene.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(ending);
    let error = staying.block_on(waiting).unwrap().unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    scene.go(1000);
    staying.block_on(async {
        let next = scene.ask(3);
        assert_eq!(scene.next().await, [3]);
        assert_eq!(answers(vec![next]).await, [Ok(6)]);
    });
}
