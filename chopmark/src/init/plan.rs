//! Which files an installation has.

use super::kind::Kind;

/// A file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    Config,
    Policy,
    SiteKeys,
    SitePublic,
    HubKeys,
    HubPublic,
    DirectoryKeys,
    AdminKey,
    BridgeKey,
    Publisher,
    ScanSecret,
    PartnerToken,
    Rules,
    Products,
    Places,
    FirstEvent,
}

impl File {
    /// Its path in the folder.
    pub fn path(self) -> &'static str {
        match self {
            Self::Config => "chopmark.toml",
            Self::Policy => "policy.txt",
            Self::SiteKeys => "keys/site.pem",
            Self::SitePublic => "keys/site.pub",
            Self::HubKeys => "keys/hub.pem",
            Self::HubPublic => "keys/hub.pub",
            Self::DirectoryKeys => "keys/directory.pem",
            Self::AdminKey => "keys/admin.pem",
            Self::BridgeKey => "keys/bridge.pem",
            Self::Publisher => "keys/publisher.key",
            Self::ScanSecret => "keys/scan.secret",
            Self::PartnerToken => "keys/erp.token",
            Self::Rules => "rules/site.toml",
            Self::Products => "products.toml",
            Self::Places => "places.toml",
            Self::FirstEvent => "first-event.json",
        }
    }

    /// Whether `--encrypt` encrypts it: a process, or the directory, signs with it.
    pub fn is_sealed(self) -> bool {
        matches!(
            self,
            Self::SiteKeys
                | Self::HubKeys
                | Self::DirectoryKeys
                | Self::BridgeKey
                | Self::Publisher
        )
    }

    /// Whether it is for its owner alone.
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::SiteKeys
                | Self::HubKeys
                | Self::DirectoryKeys
                | Self::AdminKey
                | Self::BridgeKey
                | Self::Publisher
                | Self::ScanSecret
                | Self::PartnerToken
        )
    }
}

/// The files of an installation, in the order in which they are written: the configuration comes last, so that it never
/// names a file that is not there.
pub fn of(kind: Kind) -> Vec<File> {
    let mut files = Vec::new();
    if kind.records() {
        files.extend([File::SiteKeys, File::SitePublic, File::PartnerToken, File::Rules]);
    }
    if kind.answers_people() {
        files.extend([File::HubKeys, File::HubPublic, File::DirectoryKeys, File::AdminKey]);
        files.extend([File::Publisher, File::ScanSecret, File::Products, File::Places]);
    }
    if kind.has_bridge() {
        files.push(File::BridgeKey);
    }
    if kind.records() {
        files.push(File::FirstEvent);
    }
    if kind != Kind::Bridge {
        files.push(File::Policy);
    }
    if kind != Kind::Verifier {
        files.push(File::Config);
    }
    files
}
