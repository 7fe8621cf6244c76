//! What roles are called.

use access::Role;
use process::language::Pair;

/// The name of a role.
#[must_use]
pub fn name(role: Role) -> Pair {
    match role {
        Role::Custodian => ("经手企业", "Custodian"),
        Role::BrandOwner => ("品牌方", "Brand owner"),
        Role::Regulator => ("监管人员", "Regulator"),
        Role::Operator => ("运维人员", "Operator"),
        Role::Auditor => ("审计人员", "Auditor"),
    }
}

/// What it sees, in a sentence.
#[must_use]
pub fn sees(role: Role) -> Pair {
    match role {
        Role::Custodian => (
            "可查看本企业记录的事件，以及提到本企业的事件。",
            "Sees events that its parties stated, and those that name them.",
        ),
        Role::BrandOwner => ("可查看与其产品有关的事件。", "Sees events about its products."),
        Role::Regulator => (
            "可查看符合全部限定条件的事件；每次查看都会连同理由记录下来。",
            "Sees events within all its limits; each read is recorded, with its reason.",
        ),
        Role::Operator => (
            "可查看限定范围内的所有事件；每次查看都会连同理由记录下来。",
            "Sees every event within its limits; each read is recorded, with its reason.",
        ),
        Role::Auditor => ("可查看限定范围内的所有事件。", "Sees every event within its limits."),
    }
}
