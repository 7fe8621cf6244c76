//! `chopmark-demo load`: partners and consumers in numbers, against an installation, with an account at the end.
//!
//! The way through: [`arguments`] says what is wanted; [`installation`] finds the processes of an installation, or
//! `private` starts some; `captures` and `scans` send, each on a thread of its own; `view` shows how it goes; at the
//! end `check` compares what was answered with what is recorded, and `report` writes it all as one HTML file.
//!
//! What holds:
//!
//! - the exit status is 0 only if every check held; 1 if one did not, which is named; 2 if it could not run;
//! - what could not be checked is said to be not checked, never that it held;
//! - Ctrl-C ends the sending, not the account.
//!
//! Not here: comparisons with floors ([`mod@crate::bench`]); how requests are sent (`demo::traffic`).

mod account;
mod arguments;
mod captures;
mod chaos;
mod check;
mod installation;
mod look_up;
mod machine;
mod outcome;
mod page;
mod plot;
mod private;
mod report;
mod scans;
mod series;
mod spans;
mod view;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use demo::traffic::{self, Goods, Pace, Plan, Retry};

use self::account::Account;
pub use self::arguments::Arguments;
use self::captures::Captures;
use self::installation::Installation;
use self::outcome::Outcome;
use self::scans::Scans;
use self::series::{Lane, Series};
use self::view::View;
use crate::play::stop;

/// How long a request may be sent again.
const PATIENCE: Duration = Duration::from_mins(2);
/// Batches that are recorded before the clock starts, so that scans find something.
const BEFORE: u64 = 8;

/// Runs the load test.
///
/// # Errors
///
/// If it cannot run; with what was expected.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.check()?;
    let _signals = stop::listen()?;
    let folder = std::path::absolute(&arguments.data)?;
    let installation = if arguments.is_foreign() {
        Installation::open(arguments, &folder)?
    } else {
        private::start(&folder)?
    };
    let outcome = load(arguments, &installation)?;
    let path = arguments.report.clone().unwrap_or_else(|| folder.join("load.html"));
    let page = report::html(arguments, &installation, &outcome);
    std::fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    out!();
    for check in &outcome.checks {
        out!("{}", view::check(check));
    }
    out!();
    out!("The report: {}", path.display());
    let failed = outcome.checks.iter().filter(|check| check.is_failed()).count();
    if failed > 0 {
        eprintln!("chopmark-demo: {failed} of {} checks failed", outcome.checks.len());
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends for the wanted time, then checks.
fn load(arguments: &Arguments, installation: &Installation) -> anyhow::Result<Outcome> {
    let seed = arguments.seed();
    let mut goods = Vec::new();
    for sender in &installation.senders {
        goods.push(Goods::new(seed, &sender.prefix, arguments.shape())?);
    }
    let before = check::Before::read(installation)?;
    let account = Account::new(goods, seed);
    let halt = Arc::new(AtomicBool::new(false));
    let runs = Runs { arguments, installation, account: &account, halt: &halt };
    out!("recording the first goods …");
    runs.record_first()?;
    let lanes = [Lane::default(), Lane::default()];
    let (captures, scans, series) = runs.send(&lanes)?;
    let was_stopped = stop::is_requested();
    out!("{}checking …", if was_stopped { "stopped early; " } else { "" });
    runs.ask_again(&lanes[0])?;
    let checks = check::all(arguments, installation, &account, &before)?;
    let verdicts = account.read(|counted| counted.scans.verdicts.clone());
    Ok(Outcome { series, captures, scans, checks, verdicts, was_stopped })
}

/// What sends.
struct Runs<'a> {
    arguments: &'a Arguments,
    installation: &'a Installation,
    account: &'a Account,
    halt: &'a Arc<AtomicBool>,
}

/// What captures and scans came to; none if none were sent.
type Sent = (Option<traffic::Report>, Option<traffic::Report>, Series);

impl Runs<'_> {
    /// Sends captures and scans at the same time, and shows how it goes.
    fn send(&self, lanes: &[Lane; 2]) -> anyhow::Result<Sent> {
        let mut series = Series::default();
        std::thread::scope(|scope| {
            let begun = Instant::now();
            let captures = scope.spawn(|| self.captures(&lanes[0]));
            let scans = scope.spawn(|| self.scans(&lanes[1]));
            let chaos = scope.spawn(|| chaos::strike(self.arguments, self.installation, self.halt));
            let mut view = View::new(self.arguments, self.installation);
            let mut next = Duration::from_secs(1);
            while !(captures.is_finished() && scans.is_finished()) {
                std::thread::sleep(Duration::from_millis(20));
                if stop::is_requested() {
                    self.halt.store(true, Ordering::Relaxed);
                }
                if begun.elapsed() >= next {
                    next += Duration::from_secs(1);
                    let memory = self.installation.memory();
                    series.take(begun.elapsed(), lanes, memory);
                    view.show(&series, self.account);
                }
            }
            series.take(begun.elapsed(), lanes, self.installation.memory());
            view.end(&series, self.account);
            let panicked = || anyhow::anyhow!("a thread of the load test panicked");
            let captures = captures.join().map_err(|_| panicked())??;
            let scans = scans.join().map_err(|_| panicked())??;
            series.marks = chaos.join().map_err(|_| panicked())??;
            Ok((captures, scans, series))
        })
    }

    fn plan(&self, target: &traffic::Target, pace: Pace) -> Plan {
        Plan {
            target: target.clone(),
            connections: usize::from(self.arguments.connections),
            pace,
            lasting: self.arguments.lasting(),
            timeout: Duration::from_mins(1),
            retry: Some(Retry { within: PATIENCE, longest_pause: Duration::from_secs(2) }),
            stop: Arc::clone(self.halt),
        }
    }

    /// Records the first batches of each sender.
    fn record_first(&self) -> anyhow::Result<()> {
        let lane = Lane::default();
        let all = 4 * BEFORE * u64::try_from(self.installation.senders.len())?;
        let mut captures = Captures::first(self.installation, self.account, &lane, all);
        let plan = self.plan(&self.installation.ingest, Pace::AsAnswered);
        let report = traffic::drive(&plan, &mut captures)?;
        if stop::is_requested() {
            anyhow::bail!("stopped before the start");
        }
        anyhow::ensure!(
            report.statuses.get(&202) == Some(&report.requests) && report.requests == all,
            "the first {all} documents: got {}, expected that every one is recorded (202)",
            view::statuses(&report, self.account.first_refusal().as_deref())
        );
        Ok(())
    }

    fn captures(&self, lane: &Lane) -> anyhow::Result<Option<traffic::Report>> {
        let Some(pace) = self.arguments.captures.pace(self.arguments.ramp()) else {
            return Ok(None);
        };
        lane.begin(pace, self.arguments.lasting());
        let mut captures = Captures::new(self.installation, self.account, lane);
        let plan = self.plan(&self.installation.ingest, pace);
        Ok(Some(traffic::drive(&plan, &mut captures)?))
    }

    fn scans(&self, lane: &Lane) -> anyhow::Result<Option<traffic::Report>> {
        let Some(trace) = &self.installation.trace else { return Ok(None) };
        let Some(pace) = self.arguments.scans.pace(self.arguments.ramp()) else {
            return Ok(None);
        };
        lane.begin(pace, self.arguments.lasting());
        let mut scans = Scans::new(trace, self.account, lane);
        let plan = self.plan(trace, pace);
        Ok(Some(traffic::drive(&plan, &mut scans)?))
    }

    /// Asks again what became of documents whose answer was lost: the same document gets the same answer.
    fn ask_again(&self, lane: &Lane) -> anyhow::Result<()> {
        let lost = self.account.take_lost();
        if lost.is_empty() {
            return Ok(());
        }
        let mut again = captures::Again::new(self.account, lane, lost);
        let plan = self.plan(&self.installation.ingest, Pace::AsAnswered);
        traffic::drive(&Plan { stop: Arc::default(), lasting: PATIENCE, ..plan }, &mut again)?;
        Ok(())
    }
}
