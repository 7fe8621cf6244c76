//! The one next step that a verdict asks for: where it leads, and its words.
//!
//! What holds: every verdict has one, and it leads to a part of the page that is there, or to an address that is configured.
//!
//! Not here: the words ([`crate::words::next`]).

use history::Verdict;

use crate::language::Pair;
use crate::signs::Icon;
use crate::words::next as text;

/// A next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub text: Pair,
    /// Its drawing.
    pub icon: Icon,
}

/// What a page has that a step may lead to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// Where the issuer says what to do about a recall; empty if nowhere.
    pub recall: &'a str,
    /// Where to report, a path of ours or an address; empty if nowhere.
    pub report: &'a str,
    /// Features to compare.
    pub has_pack: bool,
    /// Notices.
    pub has_notices: bool,
    /// A timeline.
    pub has_journey: bool,
}

/// The next step of a verdict.
#[must_use]
pub fn of(verdict: Verdict, parts: Parts<'_>) -> NextStep {
    let below = |part: &str, text: Pair| NextStep { href: part.to_owned(), text, icon: Icon::Down };
    let away = |href: &str, text: Pair| {
        let icon = if href.starts_with('/') { Icon::Flag } else { Icon::Out };
        NextStep { href: href.to_owned(), text, icon }
    };
    let journey_or_lamps = if parts.has_journey { "#journey" } else { "#lamps" };
    let notices_or_journey = if parts.has_notices { "#notices" } else { journey_or_lamps };
    match verdict {
        Verdict::NotCovered => below("#number", text::CHECK_NUMBER),
        Verdict::Recalled if !parts.recall.is_empty() => away(parts.recall, text::READ_RECALL),
        Verdict::Recalled | Verdict::Stolen => match parts.report {
            "" => below(journey_or_lamps, text::WHO_SAYS_SO),
            report => away(report, text::TELL_BRAND),
        },
        Verdict::Expired => below(notices_or_journey, text::SEE_DATE),
        Verdict::Rejected => below("#now", text::WHAT_NOW),
        Verdict::TagFail | Verdict::Opened => match parts.report {
            "" => below("#lamps", text::SEE_CHECKED),
            report => away(report, text::TELL_BRAND),
        },
        Verdict::Conflict => {
            below(if parts.has_notices { "#notices" } else { "#scans" }, text::DO_NOT_PAY)
        }
        Verdict::Sold => below("#ask", text::NOT_YOURS),
        Verdict::Gap => below(journey_or_lamps, text::SEE_GAP),
        Verdict::Condition => below(notices_or_journey, text::SEE_VALUE),
        Verdict::Consistent | Verdict::Strong if parts.has_pack => below("#compare", text::COMPARE),
        Verdict::Consistent | Verdict::Strong => below(journey_or_lamps, text::SEE_JOURNEY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_leads_to_a_configured_address_before_it_leads_down_the_page() {
        let none = Parts::default();
        let both = Parts { recall: "https://a.example", report: "mailto:a@a.example", ..none };
        for (verdict, without, with) in [
            (Verdict::Recalled, "#lamps", "https://a.example"),
            (Verdict::Stolen, "#lamps", "mailto:a@a.example"),
            (Verdict::TagFail, "#lamps", "mailto:a@a.example"),
            (Verdict::Rejected, "#now", "#now"),
            (Verdict::Sold, "#ask", "#ask"),
        ] {
            assert_eq!(of(verdict, none).href, without);
            assert_eq!(of(verdict, both).href, with);
        }
    }
}
