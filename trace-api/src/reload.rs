//! Reads the names of products and places again while the process runs.
//!
//! The way through: [`follow`] waits for requests to reload (SIGHUP), loads the names and gives them to
//! [`AppState::rename`].
//!
//! What holds: names that cannot be loaded change nothing; each problem is logged with its line, and the outcome is counted.
//!
//! Source: docs/decisions/0051-names-are-read-again.md.

use std::convert::Infallible;

use tokio::sync::watch;

use crate::state::AppState;

/// Reads the names again at each request; ends only with the process.
pub(crate) async fn follow(state: &AppState, mut requests: watch::Receiver<u64>) -> Infallible {
    while requests.changed().await.is_ok() {
        let source = state.config().names_source.clone();
        if !source.has_files() {
            continue;
        }
        let loaded = tokio::task::spawn_blocking(move || source.load()).await;
        match loaded {
            Ok(Ok(names)) => {
                state.rename(&names);
                state.metrics.name_reloads.with_label_values(&["done"]).inc();
                tracing::info!("names of products and places were read again");
            }
            Ok(Err(problems)) => {
                state.metrics.name_reloads.with_label_values(&["refused"]).inc();
                for problem in problems.iter() {
                    tracing::error!("{problem}");
                }
                tracing::error!(
                    problems = problems.len(),
                    "names of products and places stay as they were; correct the files and send SIGHUP again"
                );
            }
            Err(error) => {
                state.metrics.name_reloads.with_label_values(&["refused"]).inc();
                tracing::error!(%error, "names of products and places could not be read again");
            }
        }
    }
    std::future::pending().await
}
