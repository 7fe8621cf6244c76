//! Sentences about what a scan hints at: nothing of it decides.
//!
//! What holds: as in [`crate::words`]; a hint says what fits it besides a copy, because most hints have a harmless cause.
//!
//! Not here: the rules (`history::scans`).
//!
//! Source: docs/scan-rules.md.

use history::scans::Evidence;

use crate::language::Language;

/// What a scan hints at; none of what decides, and of a broken code, which are reasons of the verdict.
#[must_use]
pub fn hint(found: &Evidence, language: Language) -> Option<String> {
    match found {
        Evidence::SealedElsewhere { since, .. } => {
            let day = since.strftime("%Y-%m-%d");
            Some(language.of((
                format!(
                    "按记录，此物品自 {day} 起仍装在运输单元内，没有拆箱记录：可能只是未作记录，也可能你手中的编码是从别处复制的。不影响结论。"
                ),
                format!(
                    "By the records this item is packed in a shipping container since {day}, and nobody recorded that it was unpacked. \
                     Often that was only not recorded; the code in your hand may also be copied from elsewhere. This does not decide."
                ),
            )))
        }
        Evidence::OtherMarket { markets, country, .. } => {
            let codes = markets.join(", ");
            Some(language.of((
                format!(
                    "品牌声明此物品的销售地区为：{codes}；本次扫描来自 {country}。这不表示是仿制品。不影响结论。"
                ),
                format!(
                    "The brand states that this item is for sale in: {codes}; this scan comes from {country}. That does not say that it \
                     is a copy. This does not decide."
                ),
            )))
        }
        Evidence::BrokenCode { .. }
        | Evidence::ImpossibleTravel { .. }
        | Evidence::ManyNetworks { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_was_seen_and_that_it_does_not_decide() {
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let sealed = Evidence::SealedElsewhere { container: "c".into(), since: at, at };
        let markets = vec!["CN".to_owned(), "SG".to_owned()];
        let other = Evidence::OtherMarket { markets, country: "FR".into(), at };
        for (found, parts) in [(&sealed, ["2026-11-20"; 2]), (&other, ["CN, SG", "FR"])] {
            let english = hint(found, Language::English).unwrap();
            let chinese = hint(found, Language::Chinese).unwrap();
            assert!(parts.iter().all(|part| english.contains(part) && chinese.contains(part)));
            assert!(
                english.ends_with("This does not decide.") && chinese.ends_with("不影响结论。")
            );
        }
        let broken = Evidence::BrokenCode { gtin: "04012345111119".into(), at };
        assert_eq!(hint(&broken, Language::English), None, "the reason says it");
    }
}
