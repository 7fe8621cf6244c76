//! Business steps and dispositions as people read them; a partner's own word as what the partner wrote.
//!
//! What holds: every word of CBV 2.0 has its own text in both languages, matched without a wildcard; a word of another
//! vocabulary is quoted, never taken for one of CBV, and cannot change how the text around it is displayed.
//!
//! Source: CBV 2.0 sections 7.1 and 7.2.

use epcis::{BizStep, Disposition};
use ledger::text::escaped;

use crate::language::{Language, Pair};

/// Longest part of a partner's own word that is shown, in characters.
const LONGEST: usize = 60;

/// A business step; none for a record without one.
#[must_use]
pub fn step(step: Option<&BizStep>, language: Language) -> String {
    match step {
        None => language.of(("未注明步骤", "Step not stated")).to_owned(),
        Some(BizStep::Other(text)) => {
            let word = own_word(text);
            language.of((
                format!("合作方自有词汇中的步骤：“{word}”"),
                format!("Step in the partner's own vocabulary: “{word}”"),
            ))
        }
        Some(known) => language.of(known_step(known)).to_owned(),
    }
}

/// A disposition.
#[must_use]
pub fn disposition(disposition: &Disposition, language: Language) -> String {
    match disposition {
        Disposition::Other(text) => {
            let word = own_word(text);
            language.of((
                format!("合作方自有词汇中的状态“{word}”"),
                format!("“{word}” in the partner's own vocabulary"),
            ))
        }
        known => language.of(known_disposition(known)).to_owned(),
    }
}

/// Host and last part of a URI of another vocabulary; of any other text, the text.
///
/// - `text`: as the partner wrote it.
fn own_word(text: &str) -> String {
    let (place, rest) = if let Some((_, rest)) = text.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // What stands before an `@` is a user's name, not the host.
        (authority.rsplit('@').next().unwrap_or_default(), path)
    } else if let Some(rest) = text.strip_prefix("urn:") {
        rest.split_once(':').unwrap_or(("", rest))
    } else {
        text.split_once(':').unwrap_or(("", text))
    };
    let last = rest.rsplit(['/', '#', ':', '?']).find(|part| !part.is_empty()).unwrap_or_default();
    match (place.is_empty(), last.is_empty()) {
        (false, false) => format!("{} · {}", shown(place), shown(last)),
        (false, true) => shown(place),
        (true, false) => shown(last),
        (true, true) => shown(text),
    }
}

/// The beginning of a text from outside, safe to show between quotation marks.
fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    escaped(&out).replace(['“', '”'], "\"")
}

fn known_step(step: &BizStep) -> Pair {
    match step {
        BizStep::Accepting => ("验收接受", "Accepted"),
        BizStep::Arriving => ("到达", "Arrived"),
        BizStep::Assembling => ("组装", "Assembled"),
        BizStep::Collecting => ("回收收集", "Collected for disposal or reuse"),
        BizStep::Commissioning => ("赋码生产", "Made and coded"),
        BizStep::Consigning => ("交付托运", "Consigned"),
        BizStep::CreatingClassInstance => ("按类别生产", "Quantity produced"),
        BizStep::CycleCounting => ("循环盘点", "Counted in a cycle count"),
        BizStep::Decommissioning => ("编码注销", "Code taken out of use"),
        BizStep::Departing => ("离开", "Departed"),
        BizStep::Destroying => ("销毁", "Destroyed"),
        BizStep::Disassembling => ("拆解", "Disassembled"),
        BizStep::Dispensing => ("发放给消费者", "Dispensed to a consumer"),
        BizStep::Encoding => ("写入编码", "Code written to the tag"),
        BizStep::EnteringExiting => ("进出场所", "Entered or left the facility"),
        BizStep::Holding => ("暂停流通", "Put on hold"),
        BizStep::Inspecting => ("检验", "Inspected"),
        BizStep::Installing => ("安装", "Installed"),
        BizStep::Killing => ("标签停用", "Tag switched off for good"),
        BizStep::Loading => ("装载", "Loaded"),
        BizStep::OtherStep => ("其他步骤", "Another step"),
        BizStep::Packing => ("装箱", "Packed"),
        BizStep::Picking => ("拣货", "Picked for an order"),
        BizStep::Receiving => ("收货", "Received"),
        BizStep::Removing
        | BizStep::Repackaging
        | BizStep::Repairing
        | BizStep::Replacing
        | BizStep::Reserving
        | BizStep::RetailSelling
        | BizStep::Sampling
        | BizStep::SensorReporting
        | BizStep::Shipping
        | BizStep::StagingOutbound
        | BizStep::StockTaking
        | BizStep::Stocking
        | BizStep::Storing
        | BizStep::Transporting
        | BizStep::Unloading
        | BizStep::Unpacking
        | BizStep::VoidShipping
        | BizStep::Other(_) => later_step(step),
    }
}

/// The second half of the alphabet.
fn later_step(step: &BizStep) -> Pair {
    match step {
        BizStep::Removing => ("拆下", "Removed from a larger object"),
        BizStep::Repackaging => ("重新包装", "Repackaged"),
        BizStep::Repairing => ("维修", "Repaired"),
        BizStep::Replacing => ("更换", "Replaced"),
        BizStep::Reserving => ("预留编码", "Code reserved"),
        BizStep::RetailSelling => ("售出", "Sold"),
        BizStep::Sampling => ("取样", "Taken as a sample"),
        BizStep::SensorReporting => ("传感器记录", "Sensor recorded"),
        BizStep::Shipping => ("发货", "Shipped"),
        BizStep::StagingOutbound => ("待运", "Staged for transport"),
        BizStep::StockTaking => ("盘点", "Counted in a stocktake"),
        BizStep::Stocking => ("上架", "Stocked"),
        BizStep::Storing => ("入库", "Stored"),
        BizStep::Transporting => ("运输", "Transported"),
        BizStep::Unloading => ("卸货", "Unloaded"),
        BizStep::Unpacking => ("拆箱", "Unpacked"),
        BizStep::VoidShipping => ("取消发货", "Shipping cancelled"),
        BizStep::Accepting
        | BizStep::Arriving
        | BizStep::Assembling
        | BizStep::Collecting
        | BizStep::Commissioning
        | BizStep::Consigning
        | BizStep::CreatingClassInstance
        | BizStep::CycleCounting
        | BizStep::Decommissioning
        | BizStep::Departing
        | BizStep::Destroying
        | BizStep::Disassembling
        | BizStep::Dispensing
        | BizStep::Encoding
        | BizStep::EnteringExiting
        | BizStep::Holding
        | BizStep::Inspecting
        | BizStep::Installing
        | BizStep::Killing
        | BizStep::Loading
        | BizStep::OtherStep
        | BizStep::Packing
        | BizStep::Picking
        | BizStep::Receiving
        | BizStep::Other(_) => ("其他步骤", "Another step"),
    }
}

fn known_disposition(disposition: &Disposition) -> Pair {
    match disposition {
        Disposition::Active => ("已启用", "in use"),
        Disposition::Available => ("可用", "available"),
        Disposition::CompletenessInferred => ("推定齐全", "contents taken to be complete"),
        Disposition::CompletenessVerified => ("核实齐全", "contents checked and complete"),
        Disposition::Conformant => ("检验合格", "passed an inspection"),
        Disposition::ContainerClosed => ("容器已封闭", "container closed"),
        Disposition::ContainerOpen => ("容器已打开", "container opened"),
        Disposition::Damaged => ("已损坏", "damaged"),
        Disposition::Destroyed => ("已销毁", "destroyed"),
        Disposition::Dispensed => ("已全部发放", "dispensed"),
        Disposition::Disposed => ("已退回处置", "returned for disposal"),
        Disposition::Encoded => ("已写码", "code written, not yet in use"),
        Disposition::Expired => ("已过有效期", "past its expiry date"),
        Disposition::InProgress => ("流通中", "in progress"),
        Disposition::InTransit => ("运输途中", "in transit"),
        Disposition::Inactive => ("已停用", "not in use"),
        Disposition::MismatchClass => ("品类不符", "not the expected kind"),
        Disposition::MismatchInstance => ("单件不符", "not the expected item"),
        Disposition::MismatchQuantity => ("数量不符", "not the expected quantity"),
        Disposition::NeedsReplacement => ("需要更换", "needs replacement"),
        Disposition::NoPedigreeMatch => ("来历不符", "no match for its pedigree"),
        Disposition::NonConformant => ("不合格", "failed an inspection"),
        Disposition::NonSellableOther => ("不可销售", "not for sale"),
        Disposition::PartiallyDispensed => ("已部分发放", "dispensed in part"),
        Disposition::Recalled => ("已召回", "recalled"),
        Disposition::Reserved => ("编码已预留", "code reserved"),
        Disposition::RetailSold => ("已零售", "sold to a consumer"),
        Disposition::Returned => ("已退回", "returned"),
        Disposition::SellableAccessible => ("可销售，顾客可取", "for sale, within reach"),
        Disposition::SellableNotAccessible => ("可销售，顾客不可取", "for sale, not within reach"),
        Disposition::Stolen => ("失窃", "stolen"),
        Disposition::Unavailable => ("不可用", "out of service"),
        Disposition::Unknown | Disposition::Other(_) => ("状态不明", "condition not known"),
    }
}

/// A position in degrees, to a hundredth at most: `30.25° N, 120.17° E`.
#[must_use]
pub fn position(latitude: f64, longitude: f64, language: Language) -> String {
    let degrees = |number: f64| (number.abs() * 100.0).round() / 100.0;
    let (up, along) = (degrees(latitude), degrees(longitude));
    let is_north = latitude >= 0.0;
    let is_east = longitude >= 0.0;
    match language {
        Language::Chinese => {
            let (north, east) =
                (if is_north { "北纬" } else { "南纬" }, if is_east { "东经" } else { "西经" });
            format!("{north} {up}°，{east} {along}°")
        }
        Language::English => {
            let (north, east) = (if is_north { "N" } else { "S" }, if is_east { "E" } else { "W" });
            format!("{up}° {north}, {along}° {east}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_and_disposition_of_cbv_has_words_of_its_own_in_both_languages() {
        for language in [Language::Chinese, Language::English] {
            let steps = BizStep::ALL.iter().map(|known| step(Some(known), language));
            let steps: BTreeSet<String> = steps.chain([step(None, language)]).collect();
            assert_eq!(steps.len(), BizStep::ALL.len() + 1, "{steps:?}");
            let dispositions = Disposition::ALL.iter().map(|known| disposition(known, language));
            let dispositions: BTreeSet<String> = dispositions.collect();
            assert_eq!(dispositions.len(), Disposition::ALL.len(), "{dispositions:?}");
        }
        for known in &BizStep::ALL {
            let is_other = *known == BizStep::OtherStep;
            assert_eq!(step(Some(known), Language::English) == "Another step", is_other);
        }
    }

    #[test]
    fn a_partners_own_step_is_quoted_with_its_host_and_its_last_part() {
        for (uri, shown) in [
            ("https://voc.example/steps/dyeing", "voc.example · dyeing"),
            ("https://voc.example/steps#dyeing", "voc.example · dyeing"),
            ("https://voc.example/steps/shipping/", "voc.example · shipping"),
            (
                "https://ref.gs1.org@evil.example/cbv/BizStep-shipping",
                "evil.example · BizStep-shipping",
            ),
            ("http://voc.example:8080/a?step=dyeing", "voc.example:8080 · step=dyeing"),
            ("https://voc.example", "voc.example"),
            ("urn:gs1:epcisapp:rail:btt:passage", "gs1 · passage"),
            ("urn:example:dyeing", "example · dyeing"),
            ("mine:dyeing", "mine · dyeing"),
            ("stocking_shelves", "stocking_shelves"),
            ("染色", "染色"),
            ("://", "://"),
            ("", ""),
            // Nothing that a partner writes reads as if the page said it.
            ("x:a\u{202e}b\n", "x · a\\u{202e}b\\u{a}"),
            ("”. The chip is checked. “", "\". The chip is checked. \""),
        ] {
            let found = BizStep::from(uri);
            let english = format!("Step in the partner's own vocabulary: “{shown}”");
            assert_eq!(step(Some(&found), Language::English), english, "{uri}");
            let chinese = format!("合作方自有词汇中的步骤：“{shown}”");
            assert_eq!(step(Some(&found), Language::Chinese), chinese, "{uri}");
        }
        let long =
            step(Some(&BizStep::Other(format!("x:{}", "a".repeat(9000)))), Language::English);
        assert!(long.chars().count() < 120 && long.ends_with("a…”"), "{long}");
    }

    #[test]
    fn a_position_says_its_hemispheres() {
        assert_eq!(position(30.25, 120.17, Language::English), "30.25° N, 120.17° E");
        assert_eq!(position(-33.9, -70.666_66, Language::English), "33.9° S, 70.67° W");
        assert_eq!(position(30.3, -0.5, Language::Chinese), "北纬 30.3°，西经 0.5°");
    }

    #[test]
    fn a_partners_own_disposition_is_quoted() {
        let own = Disposition::from("https://voc.example/disp/drying");
        assert_eq!(
            disposition(&own, Language::English),
            "“voc.example · drying” in the partner's own vocabulary"
        );
        assert_eq!(
            disposition(&own, Language::Chinese),
            "合作方自有词汇中的状态“voc.example · drying”"
        );
    }
}
