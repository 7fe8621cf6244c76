//! The rights that stated events are checked against: those of the directory that the policy pins.
//!
//! The way through: [`follow`] reads the directory once, before ingest listens, and then asks at intervals whether it
//! has grown; every writer and handler holds a receiver of what was read last.
//!
//! What holds: a directory that does not verify gives no rights; nothing that was read before stays in force then.
//!
//! Not here: reading and replaying it ([`history::directory`]), what is demanded of an event ([`crate::terms`]).

use std::time::Duration;

use history::directory::DirectoryCache;
use ledger::policy::Policy;
use sql::Db;
use tokio::sync::watch;

use crate::terms::CurrentRights;

/// Time between two looks at the directory, each one query.
const INTERVAL: Duration = Duration::from_secs(2);

/// The rights, kept up to date until `shutdown` turns true. A policy without a `directory` line gives none.
pub async fn follow(policy: Policy, db: Db, mut shutdown: watch::Receiver<bool>) -> CurrentRights {
    let is_pinned = policy.directory.is_some();
    let cache = DirectoryCache::new(policy);
    let (sender, receiver) = watch::channel(cache.rights(&db).await);
    if !is_pinned {
        return receiver;
    }
    // A thread of its own, as the writers have: the database's futures stay on the thread that began them.
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        runtime.block_on(async move {
            loop {
                let stopped =
                    tokio::time::timeout(INTERVAL, shutdown.wait_for(|stop| *stop)).await.is_ok();
                // Nobody listens any more, or the process ends.
                if stopped || sender.is_closed() {
                    return;
                }
                let now = cache.rights(&db).await;
                sender.send_if_modified(|known| {
                    let is_new = *known != now;
                    if is_new {
                        *known = now;
                    }
                    is_new
                });
            }
        });
    });
    receiver
}
