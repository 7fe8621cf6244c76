//! A capture job as XML.
//!
//! What holds: well-formed, whatever the job says; a character that XML cannot have is replaced.
//!
//! Source: XML schema of EPCIS 2.0, `EPCISCaptureJob`.

use ledger::json::Json;

/// The XML of a job in its JSON form.
pub(super) fn text(job: &Json) -> String {
    let member = |name: &str| job.get(name).map(plain).unwrap_or_default();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<epcis:EPCISCaptureJob xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" \
         running=\"{}\" success=\"{}\" captureID=\"{}\">",
        member("running"),
        member("success"),
        member("captureID")
    );
    for name in ["captureErrorBehaviour", "createdAt", "finishedAt"] {
        if job.get(name).is_some() {
            leaf(&mut out, name, &member(name));
        }
    }
    out.push_str("<errors>");
    for error in job.get("errors").and_then(Json::as_array).unwrap_or_default() {
        out.push_str("<error>");
        for name in ["type", "title", "status", "detail"] {
            leaf(&mut out, name, &error.get(name).map(plain).unwrap_or_default());
        }
        out.push_str("</error>");
    }
    out.push_str("</errors></epcis:EPCISCaptureJob>\n");
    out
}

fn leaf(out: &mut String, name: &str, text: &str) {
    out.extend(["<", name, ">", text, "</", name, ">"]);
}

/// A value, escaped.
fn plain(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.canonical(), str::to_owned);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
