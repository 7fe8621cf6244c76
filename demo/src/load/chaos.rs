//! Kills a process in the middle of a run and starts it again.
//!
//! What holds: it is killed without warning (SIGKILL; PostgreSQL by SIGQUIT, its immediate shutdown), so what was not
//! committed is gone; the senders are told nothing.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::arguments::{Arguments, Victim};
use super::installation::Installation;
use super::private;

/// How long it stays away.
const AWAY: Duration = Duration::from_secs(2);

/// Waits for the middle of the run, kills, waits, starts again; gives what was done and when.
///
/// # Errors
///
/// If it does not start again; the run is then ended by `halt`.
pub fn strike(
    arguments: &Arguments,
    installation: &Installation,
    halt: &AtomicBool,
) -> anyhow::Result<Vec<(Duration, String)>> {
    let (Some(victim), Some(world)) = (arguments.chaos, &installation.world) else {
        return Ok(Vec::new());
    };
    let begun = Instant::now();
    let wait = |until: Duration| {
        while begun.elapsed() < until && !halt.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait(arguments.lasting() / 2);
    if halt.load(Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let killed = begun.elapsed();
    let name = victim.name();
    let result = (|| {
        match victim {
            Victim::Ingest => world.kill("ingest")?,
            Victim::Database => world.kill_database(),
        }
        wait(killed + AWAY);
        match victim {
            Victim::Ingest => private::start_ingest(&mut world, installation.ingest.address),
            Victim::Database => Ok(world.cluster.launch_again()?),
        }
    })();
    if let Err(error) = result {
        halt.store(true, Ordering::Relaxed);
        return Err(error.context(format!("{name} was killed and did not start again")));
    }
    Ok(vec![(killed, format!("{name} killed")), (begun.elapsed(), format!("{name} is back"))])
}
