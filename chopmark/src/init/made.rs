//! The keys of an installation, made in memory; they are written by [`super::write`].
//!
//! What holds: nothing is made that the kind does not need; RSA keys are made at the same time, because each takes long.

use anchor::wallet::Wallet;
use keystore::Zeroizing;
use ledger::directory::HolderKey;
use ledger::keys::{LedgerKeys, SourceKey};
use process::Randomness;

use super::answers::Answers;
use super::kind::Kind;
use crate::language::Lang;
use crate::terminal::problem;

/// What was made; secret.
#[derive(Default)]
pub struct Made {
    pub site: Option<LedgerKeys>,
    pub hub: Option<LedgerKeys>,
    pub directory: Option<LedgerKeys>,
    pub admin: Option<HolderKey>,
    pub bridge: Option<SourceKey>,
    /// The publisher's key file and its address.
    pub publisher: Option<(Zeroizing<String>, String)>,
    pub scan_secret: Option<Zeroizing<String>>,
    /// The first partner's token and its SHA-256.
    pub partner: Option<(Zeroizing<String>, String)>,
}

/// Makes the keys that the installation needs.
///
/// # Errors
///
/// If the operating system gives no random bytes.
pub fn keys(answers: &Answers, lang: Lang) -> anyhow::Result<Made> {
    let kind = answers.kind;
    let random = Randomness::system();
    let mut made = Made::default();
    if kind != Kind::Verifier {
        problem!("{}", lang.of(("正在生成密钥……", "making keys …")));
    }
    let wanted = [
        kind.records().then_some(&answers.origin),
        kind.answers_people().then_some(&answers.hub),
        kind.answers_people().then_some(&answers.directory),
    ];
    let [site, hub, directory] = ledgers(wanted)?;
    (made.site, made.hub, made.directory) = (site, hub, directory);
    if kind.answers_people() {
        let holder = format!("{}/admin", answers.party_id);
        made.admin = Some(HolderKey::generate(&holder, random.source())?);
        let (wallet, text) = Wallet::make(random.source())?;
        made.publisher = Some((text, wallet.address().to_string()));
        made.scan_secret = Some(Zeroizing::new(crate::keys::new_token()?.0));
    }
    if kind.has_bridge() {
        made.bridge = Some(SourceKey::generate(random.source())?);
    }
    if kind.records() {
        let (token, digest) = crate::keys::new_token()?;
        made.partner = Some((Zeroizing::new(token), digest));
    }
    Ok(made)
}

/// Keys of ledgers, each made in a thread of its own.
fn ledgers(wanted: [Option<&String>; 3]) -> anyhow::Result<[Option<LedgerKeys>; 3]> {
    let generated = |origin: &String| LedgerKeys::generate(origin, Randomness::system().source());
    std::thread::scope(|scope| {
        let threads =
            wanted.map(|origin| origin.map(|origin| scope.spawn(move || generated(origin))));
        let mut made = [None, None, None];
        for (place, thread) in threads.into_iter().enumerate() {
            let Some(thread) = thread else { continue };
            let keys = thread.join().map_err(|_| anyhow::anyhow!("making keys panicked"))?;
            made[place] = Some(keys?);
        }
        Ok(made)
    })
}

/// The public keys of a ledger, a line each, as `chopmark keys show` prints them.
pub fn public_lines(keys: &LedgerKeys) -> String {
    keys.verifier_keys().iter().fold(String::new(), |text, key| format!("{text}{key}\n"))
}
