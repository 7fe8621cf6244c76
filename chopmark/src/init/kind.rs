//! Kinds of installation, and what each consists of.

/// What kind of installation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// One machine with everything
    All,
    /// Ingest and bridge, with a ledger of their own
    Site,
    /// The hub's ledger, anchor, trace-api and directory
    Hub,
    /// Readers and sensors only
    Bridge,
    /// A policy to check bundles with
    Verifier,
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::All, Self::Site, Self::Hub, Self::Bridge, Self::Verifier];

    /// As a flag says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Site => "site",
            Self::Hub => "hub",
            Self::Bridge => "bridge",
            Self::Verifier => "verifier",
        }
    }

    /// What it is, Chinese and English.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::All => ("一台机器上的全部功能", "one machine with everything"),
            Self::Site => (
                "站点：采集与网桥，自己的账本",
                "a site: ingest and bridge, with a ledger of its own",
            ),
            Self::Hub => (
                "枢纽：汇总账本、锚定、对外查询、名录",
                "a hub: its ledger, anchor, trace-api, directory",
            ),
            Self::Bridge => ("仅网桥：读写器和传感器", "a bridge alone: readers and sensors"),
            Self::Verifier => ("仅验证者：一份策略文件", "a verifier: a policy, nothing that runs"),
        }
    }

    /// Whether it records: a site's ledger, ingest.
    pub fn records(self) -> bool {
        matches!(self, Self::All | Self::Site)
    }

    /// Whether it has readers or sensors.
    pub fn has_bridge(self) -> bool {
        matches!(self, Self::All | Self::Site | Self::Bridge)
    }

    /// Whether it has the hub, answers the public and keeps the directory.
    pub fn answers_people(self) -> bool {
        matches!(self, Self::All | Self::Hub)
    }
}
