//! Questions of the same moment that share their statements.
//!
//! The way through: [`Lanes::ask`] puts a question into the lane of its kind. If fewer than [`MOST_OUT`] of that kind are being asked, it is
//! asked at once, alone; otherwise it waits, and as soon as one is back, all that wait are asked together ([`Question::ask_all`]).
//!
//! What holds:
//!
//! - nobody waits for a clock, only for what was asked before, so a question that comes alone is asked at once;
//! - an answer is of statements that were sent after its question was put;
//! - every question gets its own answer or its own error; if asking together fails, or panics, each is asked alone, so that the one at
//!   fault fails alone; only of a database that is away all are told at once;
//! - whoever goes away takes its question along and nobody else's; if the runtime of whoever asks ends, those who wait get an error.
//!
//! Not here: the questions (`together.rs`).
//!
//! Source: docs/decisions/0103-verdicts-of-the-same-moment-share-their-statements.md.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use tokio::sync::oneshot;

use crate::error::Error;

/// Most statements of one kind that are out at once.
const MOST_OUT: usize = 2;
/// Most questions that are asked together.
const MOST: usize = 64;

/// What can be asked together with others of its kind.
pub(crate) trait Question<D>: Sized + Send + Sync + 'static {
    /// What is answered to one of them.
    type Answer: Send + 'static;

    /// Asks all of them; gives the answers in their order. An error of one of them is in its place; one of all is returned.
    fn ask_all(
        database: &D,
        questions: &[Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer, Error>>, Error>> + Send;
}

/// The lanes of one database: one for each kind of question.
#[derive(Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl fmt::Debug for Lanes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lanes").finish_non_exhaustive()
    }
}

impl Lanes {
    /// Asks a question, alone or with others.
    ///
    /// # Errors
    ///
    /// That of the question, or [`Error::Unavailable`].
    pub async fn ask<D: Clone + Send + Sync + 'static, Q: Question<D>>(
        &self,
        database: &D,
        question: Q,
    ) -> Result<Q::Answer, Error> {
        let lane = self.lane::<Lane<Q, Q::Answer>>();
        let (sender, answer) = oneshot::channel();
        if let Some(out) = lane.put(Waiting { question, sender }) {
            tokio::spawn(run(database.clone(), out));
        }
        answer.await.unwrap_or_else(|_| Err(Error::Unavailable("nobody asks any more".to_owned())))
    }

    fn lane<L: Any + Send + Sync + Default>(&self) -> Arc<L> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(TypeId::of::<L>()).or_insert_with(|| Arc::new(L::default()));
        lane.clone().downcast().unwrap_or_default()
    }
}

/// A question, and whom to answer.
struct Waiting<Q, A> {
    question: Q,
    sender: oneshot::Sender<Result<A, Error>>,
}

/// The questions of one kind.
struct Lane<Q, A>(Mutex<Queue<Q, A>>);

struct Queue<Q, A> {
    waiting: Vec<Waiting<Q, A>>,
    /// How many are being asked, together or alone.
    out: usize,
}

impl<Q, A> Default for Lane<Q, A> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: Vec::new(), out: 0 }))
    }
}

impl<Q, A> Lane<Q, A> {
    fn queue(&self) -> MutexGuard<'_, Queue<Q, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question; gives the right to ask if it need not wait.
    fn put(self: Arc<Self>, waiting: Waiting<Q, A>) -> Option<Out<Q, A>> {
        let mut queue = self.queue();
        queue.waiting.push(waiting);
        if queue.out == MOST_OUT {
            return None;
        }
        queue.out += 1;
        drop(queue);
        Some(Out { lane: self, is_over: false })
    }
}

/// The right to ask what waits in a lane.
struct Out<Q, A> {
    lane: Arc<Lane<Q, A>>,
    is_over: bool,
}

impl<Q, A> Out<Q, A> {
    /// What is to be asked together, the oldest first; nothing if nobody waits, and then the right is given back.
    fn next(&mut self) -> Vec<Waiting<Q, A>> {
        let mut queue = self.lane.queue();
        // Whoever went away is not asked for.
        queue.waiting.retain(|waiting| !waiting.sender.is_closed());
        let count = queue.waiting.len().min(MOST);
        if count == 0 {
            queue.out -= 1;
            self.is_over = true;
        }
        queue.waiting.drain(..count).collect()
    }
}

impl<Q, A> Drop for Out<Q, A> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut queue = self.lane.queue();
        queue.out -= 1;
        if queue.out == 0 {
            // Nobody would ask for them.
            queue.waiting.clear();
        }
    }
}

/// Asks what waits, again and again, until nobody waits.
async fn run<D: Clone + Send + Sync + 'static, Q: Question<D>>(
    database: D,
    mut out: Out<Q, Q::Answer>,
) {
    loop {
        let (questions, senders): (Vec<Q>, Vec<_>) =
            out.next().into_iter().map(|waiting| (waiting.question, waiting.sender)).unzip();
        if questions.is_empty() {
            return;
        }
        let asked = AssertUnwindSafe(Q::ask_all(&database, &questions)).catch_unwind().await;
        match asked {
            Ok(Ok(answers)) => {
                for (sender, answer) in senders.into_iter().zip(answers) {
                    sender.send(answer).ok();
                }
            }
            Ok(Err(error)) if error.is_unavailable() || questions.len() == 1 => {
                for sender in senders {
                    sender.send(Err(error.clone())).ok();
                }
            }
            Err(_) if questions.len() == 1 => {
                tracing::error!("a question to the database panicked");
            }
            Ok(Err(_)) | Err(_) => {
                for (question, sender) in questions.into_iter().zip(senders) {
                    tokio::spawn(alone(database.clone(), question, sender));
                }
            }
        }
    }
}

/// Asks one question that could not be asked with others.
async fn alone<D: Send + Sync, Q: Question<D>>(
    database: D,
    question: Q,
    sender: oneshot::Sender<Result<Q::Answer, Error>>,
) {
    let asked = Q::ask_all(&database, std::slice::from_ref(&question)).await;
    if let Some(answer) = asked.map_or_else(|error| Some(Err(error)), |mut answers| answers.pop()) {
        sender.send(answer).ok();
    }
}

#[cfg(test)]
mod tests;
