//! Fixed sentences and labels of the pages.
//!
//! What holds: a page has no text of its own; whatever its template shows comes from here or from the other files of
//! [`crate::words`].

use crate::language::{Language, Pair};

/// What this does not prove.
pub const LIMITS: Pair = (
    "这不能证明手中的物品就是记录所指的物品：签名说明是谁说的，读取说明读写器读到了号码，印刷的码可以被复制。",
    "This does not prove that the object in your hand is the one recorded: a signature shows who said it, a read \
     shows that a reader read a number, and a printed code can be copied.",
);
/// A recall without an address of what to do.
pub const RECALL_HINT: Pair = ("请联系商家或品牌", "Contact the seller or the brand");
/// A record that does not fit its ledger.
pub const DISPUTED: Pair = (
    "有一条存储的记录与其签名账本不符，因此不作数：",
    "A stored record no longer fits its signed ledger and does not count:",
);
/// How a record came about: it does not fit.
pub const HOW_DISPUTED: Pair = ("与账本不符，不作数", "does not fit its ledger and does not count");
/// How a record came about: a reader or sensor.
pub const HOW_SENSED: Pair = ("读写器或传感器记录", "recorded by a reader or sensor");
/// How a record came about: a party's own statement.
pub const HOW_STATED: Pair = ("由该方声明", "stated by the party");
/// A step that says that it was recalled.
pub const SAYS_RECALLED: Pair = ("称已召回", "says: recalled");
/// A step that says that it was stolen.
pub const SAYS_STOLEN: Pair = ("称已失窃", "says: stolen");
/// A record without effect.
pub const MARK_LISTED: Pair = ("仅列出，不影响结论", "listed only, without effect");
/// A record of somebody who is not entitled to it.
pub const MARK_CLAIM: Pair = ("仅为声称", "only claimed");
/// A record about the future.
pub const MARK_FUTURE: Pair = ("所称时间在未来", "dated in the future");
/// A back-dated record.
pub const MARK_BACK_DATED: Pair = ("事后很久才记录", "back-dated");
/// A record that was declared wrong.
pub const MARK_CORRECTED: Pair = ("已被声明有误", "declared wrong");
/// Why a record is listed: the container.
pub const VIA_CONTAINER: Pair = ("随箱推断", "inferred from its container");
/// Why a record is listed: the lot.
pub const VIA_LOT: Pair = ("整批", "the whole lot");
/// The service cannot answer.
pub const CANNOT_CHECK: Pair = ("现在无法查验", "Cannot check now");
/// The service cannot answer: what to do.
pub const CANNOT_CHECK_HINT: Pair = (
    "服务暂时不可用，这不代表物品有任何问题。请稍后再试，或离线验证已保存的证明文件。",
    "The service is temporarily unavailable. This does not mean that anything is wrong with the item. Try again \
     later, or verify a saved proof offline.",
);

/// The labels of an item's page, in one language.
#[derive(Debug, Clone, Copy)]
pub struct ItemLabels {
    /// Before the serial number.
    pub serial: &'static str,
    /// Before the lot number.
    pub lot: &'static str,
    /// Before the features of the pack.
    pub compare: &'static str,
    /// Heading: how often it was scanned.
    pub scans: &'static str,
    /// Heading: the three lamps.
    pub questions: &'static str,
    /// Heading: notices.
    pub notices: &'static str,
    /// Heading: the timeline.
    pub journey: &'static str,
    /// Heading: who signed.
    pub signed_by: &'static str,
    /// Saves the bundle.
    pub save: &'static str,
    /// Verifies the bundle in this browser.
    pub check: &'static str,
    /// Reports a suspicion.
    pub report: &'static str,
    /// Before the time of this answer.
    pub checked: &'static str,
}

impl ItemLabels {
    /// The labels in this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            serial: language.of(("序列号", "serial")),
            lot: language.of(("批号", "lot")),
            compare: language.of(("请用眼核对：", "Compare by eye: ")),
            scans: language.of(("扫描", "Scans")),
            questions: language.of(("三个问题", "Three questions")),
            notices: language.of(("提示", "Notices")),
            journey: language.of(("经过", "Journey")),
            signed_by: language.of(("签名方", "Signed by")),
            save: language.of(("保存证明文件", "Save the proof")),
            check: language.of(("在本机自行验证", "Check it yourself, on this device")),
            report: language.of(("举报可疑", "Report a suspicion")),
            checked: language.of(("查验时间：", "Checked: ")),
        }
    }
}

/// The texts of the start page, in one language.
#[derive(Debug, Clone, Copy)]
pub struct StartTexts {
    /// What to do here.
    pub scan: &'static str,
    /// Link to the page that verifies a file.
    pub verify: &'static str,
    /// Link to the list of ledgers.
    pub ledgers: &'static str,
    /// Link to the policy.
    pub policy: &'static str,
    /// Link to the description of the interface.
    pub interface: &'static str,
    /// What records show and what they do not.
    pub limits: &'static str,
}

impl StartTexts {
    /// The texts in this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            scan: language.of((
                "用手机相机扫描包装上的二维码，即可看到该物品的记录。",
                "Scan the code on the pack with your phone's camera to see what was recorded about the item.",
            )),
            verify: language.of(("离线验证证明文件", "Verify a saved proof")),
            ledgers: language.of(("账本", "Ledgers")),
            policy: language.of(("信任的密钥", "Keys and contracts that this server trusts")),
            interface: language.of(("接口说明（英文）", "Interface description")),
            limits: language.of((
                "记录说明谁在何时声明了什么，不能说明手中的物品是什么。",
                "Records show who stated what, and when. They do not show what the object in your hand is.",
            )),
        }
    }
}

/// The texts of the page that verifies a file, in one language.
#[derive(Debug, Clone, Copy)]
pub struct VerifyTexts {
    /// Heading.
    pub heading: &'static str,
    /// What happens to the files, and what the policy is for.
    pub about: &'static str,
    /// Before the choice of the bundle.
    pub proof: &'static str,
    /// Before the choice of the policy.
    pub policy: &'static str,
    /// Shown where scripts do not run.
    pub no_script: &'static str,
}

impl VerifyTexts {
    /// The texts in this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of(("验证证明文件", "Verify a proof")),
            about: language.of((
                "文件只在本机读取，不会上传。信任根取自本服务器；若要独立判断，请选择你自己的信任策略文件。",
                "Files are read on this device only and are not uploaded. Trust roots come from this server; for a \
                 judgement of your own, choose your own policy file.",
            )),
            proof: language.of(("证明文件（.bundle.json）", "Proof (.bundle.json)")),
            policy: language.of(("信任策略文件（可选）", "Policy file (optional)")),
            no_script: language.of((
                "此页面需要 JavaScript 才能在本机验证。也可用命令 `chopmark verify` 验证。",
                "This page needs JavaScript to verify on this device. The command `chopmark verify` does the same.",
            )),
        }
    }
}

/// The link back to the start page, in both languages.
pub const TO_START: Pair = ("首页", "Start page");
