//! What the format of records demands to be hashed, with nothing around it: a floor of the audit that no reader of records can pass.
//!
//! The way through: [`Demanded::of`] takes a share of the stored records apart, not counted; [`Demanded::seconds`] hashes what that gave, on
//! all cores, as often as there are records.
//!
//! What holds: per record the salts (HMAC, its key taken once), the elements, leaves and nodes of its lists, the fields, the
//! commitment, the leaf, and one node of the ledger's tree; nothing is read, parsed, written or allocated meanwhile, and the library is
//! the one that the audit uses.
//!
//! Source: docs/formats/record-v1.md.

use std::hint::black_box;
use std::time::Instant;

use ledger::hash::{self, HmacKey, sha256};
use ledger::record::{LIST_FIELDS, Record, Secret};

/// Most records that are taken apart: 2 to 3 kB each.
const MOST: u64 = 50_000;

/// A share of the stored records.
#[derive(Debug)]
pub struct Demanded {
    records: Vec<Messages>,
}

/// What is hashed for one record.
#[derive(Debug, PartialEq, Eq)]
struct Messages {
    secret: Option<Secret>,
    /// Messages of HMAC under the secret.
    paths: Vec<String>,
    /// What is hashed plainly, in this order.
    hashed: Vec<Vec<u8>>,
}

impl Messages {
    /// Those of a record; of an entry without a secret its leaf.
    fn of(text: &str, secret: Option<Secret>) -> anyhow::Result<Self> {
        let mut messages = Self { secret, paths: Vec::new(), hashed: Vec::new() };
        let mut leaf = vec![hash::LEAF];
        match secret {
            Some(secret) => leaf.extend(messages.commitment(&Record::parse(text)?, &secret)),
            None => leaf.extend(text.as_bytes()),
        }
        messages.hash(leaf);
        messages.hash(vec![hash::NODE; 65]);
        Ok(messages)
    }

    /// Adds a message; gives its hash.
    fn hash(&mut self, message: Vec<u8>) -> [u8; 32] {
        let hash = sha256(&message).0;
        self.hashed.push(message);
        hash
    }

    fn salt(&mut self, secret: &HmacKey, path: String) -> [u8; 16] {
        let mut salt = [0; 16];
        salt.copy_from_slice(&secret.sign(path.as_bytes())[..16]);
        self.paths.push(path);
        salt
    }

    fn commitment(&mut self, record: &Record, secret: &Secret) -> [u8; 32] {
        let key = HmacKey::new(secret);
        let mut fields: Vec<_> = record.fields().iter().collect();
        fields.sort_unstable_by_key(|(name, _)| name.as_str());
        let mut all = vec![hash::COMMITMENT];
        all.extend((fields.len() as u64).to_be_bytes());
        for (name, value) in fields {
            let named = [&(name.len() as u64).to_be_bytes()[..], name.as_bytes()].concat();
            let elements = value.as_array().filter(|_| LIST_FIELDS.contains(&name.as_str()));
            let digest = if let Some(elements) = elements {
                let mut leaves = Vec::new();
                for (index, element) in elements.iter().enumerate() {
                    let salt = self.salt(&key, format!("{name}/{index}"));
                    let text = element.canonical();
                    let message = [&[hash::LIST_ELEMENT][..], &salt, text.as_bytes()].concat();
                    let element = self.hash(message);
                    leaves.push(self.hash([&[hash::LEAF][..], &element].concat()));
                }
                let count = (elements.len() as u64).to_be_bytes();
                let root = self.root(&leaves);
                self.hash([&[hash::LIST_FIELD][..], &named, &count, &root].concat())
            } else {
                let salt = self.salt(&key, name.clone());
                let text = value.canonical();
                self.hash([&[hash::PLAIN_FIELD][..], &salt, &named, text.as_bytes()].concat())
            };
            all.extend(named);
            all.extend(digest);
        }
        self.hash(all)
    }

    /// The root over some leaves: the left part of each node is the largest power of two that leaves something.
    fn root(&mut self, leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => self.hash(Vec::new()),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                let (left, right) = (self.root(left), self.root(right));
                self.hash([&[hash::NODE][..], &left, &right].concat())
            }
        }
    }

    fn hash_all(&self) {
        if let Some(secret) = &self.secret {
            let key = HmacKey::new(secret);
            for path in &self.paths {
                black_box(key.sign(path.as_bytes()));
            }
        }
        for message in &self.hashed {
            black_box(sha256(message));
        }
    }
}

impl Demanded {
    /// Takes every so many-th record of all ledgers apart.
    ///
    /// - `total`: how many there are.
    ///
    /// # Errors
    ///
    /// If the records cannot be read.
    pub async fn of(db: &sql::Db, total: u64) -> anyhow::Result<Self> {
        let every = total.div_ceil(MOST).max(1);
        let (mut number, mut sample) = (0_u64, Vec::new());
        for row in sql::ledgers::list_ledgers(db).await? {
            let each = async |record: sql::ledgers::StoredRecord| {
                if number.is_multiple_of(every) {
                    sample.push((record.text, record.secret));
                }
                number += 1;
                Ok(())
            };
            sql::ledgers::for_each_record(db, row.id, each).await?;
        }
        let records: anyhow::Result<_> =
            sample.iter().map(|(text, secret)| Messages::of(text, *secret)).collect();
        Ok(Self { records: records? })
    }

    /// Blocks of SHA-256 for one record, on average.
    #[must_use]
    pub fn blocks(&self) -> f64 {
        // A message is followed by a byte and its length in eight; the key of an HMAC is two blocks, and each message has the outer
        // hash's one as well.
        let blocks = |bytes: usize| (bytes + 9).div_ceil(64);
        let of_record = |record: &Messages| {
            let key = usize::from(record.secret.is_some()) * 2;
            let salts: usize = record.paths.iter().map(|path| blocks(path.len()) + 1).sum();
            key + salts + record.hashed.iter().map(|message| blocks(message.len())).sum::<usize>()
        };
        let all: usize = self.records.iter().map(of_record).sum();
        super::measure::float(all as u64) / super::measure::float(self.records.len().max(1) as u64)
    }

    /// Seconds in which `total` records like these are hashed, on all cores.
    #[must_use]
    pub fn seconds(&self, total: u64) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for core in 0..cores {
                let own = self.records.iter().cycle().skip(core).step_by(cores);
                let count = total / cores + usize::from(core < total % cores);
                scope.spawn(move || own.take(count).for_each(Messages::hash_all));
            }
        });
        begun.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use ledger::json::{Json, object};
    use ledger::record::Record;

    use super::*;

    #[test]
    fn the_messages_of_a_record_lead_to_its_leaf_hash() {
        for count in [0, 1, 2, 3, 7, 100] {
            let epcs = (0..count).map(|n| Json::from(format!("urn:epc:id:sgtin:1.2.{n}")));
            let record = object([
                ("type", Json::from("ObjectEvent")),
                ("epcList", Json::Array(epcs.collect())),
                ("note", Json::from("x".repeat(300))),
            ]);
            let record = Record::from_json(record).unwrap();
            let secret = [7; 16];
            let messages = Messages::of(record.text(), Some(secret)).unwrap();
            let [.., leaf, node] = &messages.hashed[..] else { panic!("{messages:?}") };
            assert_eq!(sha256(leaf), record.leaf_hash(&secret), "{count} elements");
            assert_eq!((node.len(), messages.paths.len()), (65, 2 + count));
        }
        let entry = Messages::of("an entry", None).unwrap();
        assert_eq!(sha256(&entry.hashed[0]), hash::leaf(b"an entry"));
    }

    #[test]
    fn blocks_are_counted_as_the_hash_pads_them() {
        let record = Messages {
            secret: Some([0; 16]),
            paths: vec!["type".to_owned()],
            hashed: vec![vec![0; 55], vec![0; 56], vec![0; 65]],
        };
        // Key 2, salt 2, then 1, 2 and 2.
        assert!((Demanded { records: vec![record] }.blocks() - 9.0).abs() < 1e-9);
    }
}
