//! Whether a reader or sensor on a line is connected, and why serving a line ended.
//!
//! What holds: a loss is reported once for each reason; once the device has answered again, the next loss is
//! reported even for the same reason.

use reads::{Finding, code};

use crate::sink::{Sink, Stopping};

/// Why serving a line ended.
pub(super) enum End {
    /// The bridge is stopping.
    Stopped,
    /// The line is lost, for this reason.
    Lost(String),
    /// Every device on it was reported as lost already.
    Silent,
}

impl From<Stopping> for End {
    fn from(_: Stopping) -> Self {
        Self::Stopped
    }
}

/// Whether one device on a line is connected.
pub(super) struct Connection {
    /// Name of the line.
    line: String,
    pub(super) sink: Sink,
    /// The reason of the loss that was reported, if the device has not answered since.
    reported_loss: Option<String>,
    is_connected: bool,
}

impl Connection {
    /// A device that has not answered yet.
    pub(super) fn new(line: &str, sink: &Sink) -> Self {
        let mut connection = Self {
            line: line.to_owned(),
            sink: sink.clone(),
            reported_loss: None,
            is_connected: false,
        };
        connection.set_disconnected();
        connection
    }

    /// Whether the device has answered since the line was opened.
    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// The device answered. Gives the finding that it is back, if its loss was reported.
    ///
    /// - `kind`: what it is, for people: `reader`.
    pub(super) fn answered(&mut self, kind: &str) -> Option<Finding> {
        if std::mem::replace(&mut self.is_connected, true) {
            return None;
        }
        self.sink.set_connected(true);
        self.reported_loss.take()?;
        Some(Finding { code: code::BACK, text: format!("the {kind} answers again") })
    }

    /// The device is no longer connected; nothing is reported.
    pub(super) fn set_disconnected(&mut self) {
        self.is_connected = false;
        self.sink.set_connected(false);
    }

    /// The device is lost. Reported unless the last report had the same reason.
    pub(super) fn lost(&mut self, reason: &str) -> Result<(), Stopping> {
        self.set_disconnected();
        if self.reported_loss.as_deref() == Some(reason) {
            return Ok(());
        }
        self.reported_loss = Some(reason.to_owned());
        let text = format!("{}: {reason}; the bridge keeps trying to reconnect", self.line);
        self.sink.report(code::LOST, text)
    }
}
