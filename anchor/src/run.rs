//! The process: listens for health checks and runs the worker, tick by tick, until it is asked to stop.

use process::Context;
use sql::Db;
use tracing::Instrument as _;

use crate::config::Config;
use crate::error::Error;
use crate::http;
use crate::metrics::Metrics;
use crate::worker::Worker;

/// Runs the worker until `context.shutdown` turns true.
///
/// The hub is created, empty, if there is none of its name.
///
/// # Errors
///
/// [`enum@Error`], if it cannot start, or a step failed in a way that only a person can resolve
/// ([`Error::is_fatal`]).
pub async fn run(config: Config, db: Db, context: Context) -> Result<(), Error> {
    let metrics = Metrics::new();
    let address = config.listen;
    context.metrics.show_in(&metrics.registry);
    let server = http::serve(address, db.clone(), metrics.clone(), context.service.clone())
        .map_err(|source| Error::Listen { address, source })?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    context.service.started("anchor");
    tracing::info!(listen = %address, ?config, "anchor started");
    // On a thread of its own: transactions take async closures, whose futures the compiler cannot show to be
    // `Send` for every lifetime, and callers want to spawn this.
    let runtime = tokio::runtime::Handle::current();
    let working =
        tokio::task::spawn_blocking(move || runtime.block_on(work(config, db, metrics, context)));
    let outcome = working.await.unwrap_or(Err(Error::Interrupted));
    handle.stop(true).await;
    // The server only ends; an error of it changes nothing now.
    serving.await.ok();
    outcome
}

async fn work(config: Config, db: Db, metrics: Metrics, context: Context) -> Result<(), Error> {
    let mut shutdown = context.shutdown.clone();
    let mut worker = Worker::new(config, db, metrics, context).await?;
    loop {
        match worker.tick().instrument(tracing::info_span!("anchor.tick")).await {
            Ok(()) => {}
            Err(error) if error.is_fatal() => {
                tracing::error!(%error, "anchor stops");
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, "step failed; retrying"),
        }
        tokio::select! {
            // Also ends when the sender is dropped, which is a reason to stop as well.
            _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
            () = tokio::time::sleep(worker.poll()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_can_be_spawned() {
        fn spawnable(_: impl Future + Send + 'static) {}
        // That this compiles is the point; it is never called.
        let check: fn(Config, Db, Context) =
            |config, db, context| spawnable(run(config, db, context));
        assert!(size_of_val(&check) > 0);
    }
}
