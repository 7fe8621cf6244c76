//! A simulated NTAG 424 DNA in AES mode, for tests: what NXP AN12196 says of one tap, written over another library of AES than the one
//! that checks it.
//!
//! The way through: [`Chip::tap`] raises the counter and gives path and query, as a phone would send them; [`import`] gives the
//! scene the keys to check it with.
//!
//! What holds: nothing of `tag_auth` is used but the text of a key set.
//!
//! Not here: LRP, diversified keys (`tag_auth`).
//!
//! Source: NXP AN12196 sections 3.3 and 3.4.

use aws_lc_rs::cipher::{AES_128, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::cmac;
use jiff::Timestamp;
use keystore::wrapped::WrapKey;
use ledger::keys::SystemRandom;
use sql::tag_keys::NewKeySet;
use tag_auth::key_set::{PURPOSE, context};
use tag_auth::tag_keys::TagKeys;

use super::Scene;

type Block = [u8; 16];

/// The key of the data with number and counter.
const META_KEY: Block = [0x11; 16];
/// The key of codes.
const FILE_KEY: Block = [0x22; 16];

/// What the code of a chip is computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Path and query.
    Path,
    /// The query from the value of `p` on.
    Data,
}

/// A chip, as somebody programmed it.
pub struct Chip {
    pub uid: [u8; 7],
    pub counter: u32,
    pub seal: [u8; 2],
    pub over: Over,
    pub file_key: Block,
}

/// The key under which the scenes' key sets are encrypted.
pub fn tag_key() -> WrapKey {
    WrapKey::of_secret(b"the secret of tags", PURPOSE).expect("it is long enough")
}

/// The key set of such chips, for the product of the tests.
pub fn key_set(over: Over) -> String {
    let from = if over == Over::Path { "path" } else { "p" };
    format!(
        "name: tea\nproducts: 04012345\nmode: aes\npicc: p\nenc: e\nseal: 0\ncmac: c\ncmac_from: {from}\n\
         meta_key: {}\nfile_key: {}\n",
        "11".repeat(16),
        "22".repeat(16)
    )
}

/// Stores a key set as `chopmark tags keys import` does; its number.
pub async fn import(scene: &Scene, text: &str, under: &WrapKey) -> u64 {
    let set = TagKeys::parse(text).expect("a key set of the test");
    let context = context(set.name(), set.products());
    let wrapped = under.wrap(text, &context, &SystemRandom::new()).expect("encrypted");
    let new = NewKeySet {
        name: set.name(),
        products: set.products(),
        algorithm: set.algorithm(),
        check_value: &set.check_value(),
        wrapped: &wrapped,
        imported_at: Timestamp::UNIX_EPOCH,
    };
    let insert = async |tx: &sql::Transaction<'_>| sql::tag_keys::insert(tx, &new).await;
    let stored = scene.db.run_tx("test.import", insert).await.expect("the database answers");
    stored.expect("no other key set of this name")
}

fn aes(key: &Block, mut block: Block) -> Block {
    let key = UnboundCipherKey::new(&AES_128, key).expect("16 bytes");
    let key = EncryptingKey::ecb(key).expect("a mode of AES");
    key.encrypt(&mut block).expect("one block");
    block
}

fn mac(key: &Block, text: &[u8]) -> Block {
    let key = cmac::Key::new(cmac::AES_128, key).expect("16 bytes");
    let tag = cmac::sign(&key, text).expect("signed");
    tag.as_ref().try_into().expect("16 bytes")
}

impl Chip {
    /// A chip whose seal is closed.
    pub fn new(last: u8, over: Over) -> Self {
        let uid = [0x04, 0x95, 0x8c, 0xaa, 0x5c, 0x5e, last];
        Self { uid, counter: 0, seal: *b"CC", over, file_key: FILE_KEY }
    }

    /// Its number, as records have it.
    pub fn number(&self) -> String {
        hex::encode_upper(self.uid)
    }

    /// What is computed with: a head, number and counter.
    fn session(&self, head: u8, tail: u8) -> Block {
        let mut vector = [0; 16];
        vector[..6].copy_from_slice(&[head, tail, 0, 1, 0, 0x80]);
        vector[6..13].copy_from_slice(&self.uid);
        vector[13..].copy_from_slice(&self.counter.to_le_bytes()[..3]);
        mac(&self.file_key, &vector)
    }

    /// The next tap: the address that a phone opens, without the host.
    pub fn tap(&mut self, path: &str) -> String {
        self.counter += 1;
        self.again(path)
    }

    /// The address of the last tap, as if that path had been written on the chip.
    pub fn again(&self, path: &str) -> String {
        let counter = &self.counter.to_le_bytes()[..3];
        let mut identity = [0x5a; 16];
        identity[0] = 0xc7;
        identity[1..8].copy_from_slice(&self.uid);
        identity[8..11].copy_from_slice(counter);
        let identity = aes(&META_KEY, identity);
        let mut file = [b'0'; 16];
        file[..2].copy_from_slice(&self.seal);
        let session = self.session(0xc3, 0x3c);
        let mut vector = [0; 16];
        vector[..3].copy_from_slice(counter);
        let vector = aes(&session, vector);
        let file = aes(&session, std::array::from_fn(|place| file[place] ^ vector[place]));
        let data = format!("{}&e={}&c=", hex::encode_upper(identity), hex::encode_upper(file));
        let text = match self.over {
            Over::Path => format!("{path}?p={data}"),
            Over::Data => data.clone(),
        };
        let code = mac(&self.session(0x3c, 0xc3), text.as_bytes());
        let code: Vec<u8> = code.into_iter().skip(1).step_by(2).collect();
        format!("{path}?p={data}{}", hex::encode_upper(code))
    }
}
