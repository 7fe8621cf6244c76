//! Fixed sentences and labels of the pages.
//!
//! What holds: a page has no text of its own; whatever its template shows comes from here or from the other files of
//! [`crate::words`].

use super::journey;
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

/// The labels of an item's page, in one language.
#[derive(Debug, Clone, Copy)]
pub struct ItemLabels {
    /// Before the serial number.
    pub serial: &'static str,
    /// Before the lot number.
    pub lot: &'static str,
    /// Heading: features of the pack.
    pub compare: &'static str,
    /// Below a product that a code only claims.
    pub claimed: &'static str,
    /// Heading: how often it was scanned.
    pub scans: &'static str,
    /// Heading: the three lamps.
    pub questions: &'static str,
    /// Heading: notices.
    pub notices: &'static str,
    /// Heading: the timeline.
    pub journey: &'static str,
    /// Name of the timeline.
    pub newest_first: &'static str,
    /// Heading: who signed.
    pub signed_by: &'static str,
    /// Heading: what this does not prove.
    pub limits: &'static str,
    /// Heading: what one can do.
    pub actions: &'static str,
    /// Saves the bundle.
    pub save: &'static str,
    /// What saving gives.
    pub save_more: &'static str,
    /// Verifies the bundle in this browser.
    pub check: &'static str,
    /// What checking does.
    pub check_more: &'static str,
    /// Where scripts do not run.
    pub check_elsewhere: &'static str,
    /// Enters a hidden code.
    pub enter_code: &'static str,
    /// When to do that.
    pub enter_code_more: &'static str,
    /// Reports a suspicion.
    pub report: &'static str,
    /// What reporting on our own page asks for.
    pub report_more: &'static str,
    /// What reporting elsewhere does.
    pub report_away: &'static str,
    /// Heading: this check.
    pub about: &'static str,
    /// Heading: the number that was read.
    pub number: &'static str,
    /// Before the time of this answer.
    pub checked: &'static str,
    /// Before the time of the last checkpoint.
    pub recorded: &'static str,
    /// Before the time of the anchor.
    pub no_later: &'static str,
    /// The anchor is still to come.
    pub waiting: &'static str,
    /// Link to this item.
    pub permanent: &'static str,
    /// Link to the page that verifies a file.
    pub verify: &'static str,
    /// Link to the list of ledgers.
    pub ledgers: &'static str,
    /// Link to the policy.
    pub policy: &'static str,
    /// Name of the list of places.
    pub route: &'static str,
    /// Below the list of places.
    pub route_note: &'static str,
    /// Fold with the map.
    pub map: &'static str,
    /// Below the map.
    pub map_note: &'static str,
    /// Before a place that a gap lies before.
    pub cut: &'static str,
    /// Below the timeline.
    pub days_note: &'static str,
    /// Above the parties.
    pub seals_note: &'static str,
    /// Before the digits of a key.
    pub key: &'static str,
    /// Below the parties.
    pub keys_checked: &'static str,
}

impl ItemLabels {
    /// The labels in this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            serial: language.of(("序列号", "Serial")),
            lot: language.of(("批号", "Lot")),
            compare: language.of(("请用眼核对", "Compare by eye")),
            claimed: language.of(("图片和名称仅为此码所称的产品", "Name and picture are those of the product that the code claims to be")),
            scans: language.of(("谁扫过它", "Who has scanned it")),
            questions: language.of(("三个问题", "Three questions")),
            notices: language.of(("须知", "Good to know")),
            journey: language.of(("流通过程", "Its journey")),
            newest_first: language.of(("最新在前", "Newest first")),
            signed_by: language.of(("这些话是谁说的", "Who says so")),
            limits: language.of(("本页不能证明什么", "What this does not prove")),
            actions: language.of(("你可以做什么", "What you can do")),
            save: language.of(("保存证明", "Save the proof")),
            save_more: language.of(("一个文件，离开本站也能核对", "One file; it can be checked without this site")),
            check: language.of(("自己核对", "Check it yourself")),
            check_more: language.of(("在本机进行，断网也可以", "On this device, also offline")),
            check_elsewhere: language.of(("在本页自行核对需要 JavaScript；保存的证明文件也可用命令 `chopmark verify` 核对。", "Checking on this page needs JavaScript. The command `chopmark verify` checks a saved proof as well.")),
            enter_code: language.of(super::code::ENTER),
            enter_code_more: language.of(super::code::ENTER_MORE),
            report: language.of(("告知可疑情况", "Report something wrong")),
            report_more: language.of(("不需要账号或姓名", "No account and no name is needed")),
            report_away: language.of(("会打开邮件或网页", "Opens your mail or a page")),
            about: language.of(("关于这次核对", "About this check")),
            number: language.of(("读到的号码", "The number that was read")),
            checked: language.of(("核对时间", "Checked")),
            recorded: language.of(("账本最近一次签名", "Ledgers last signed")),
            no_later: language.of(("不晚于此时存在", "Existed no later than")),
            waiting: language.of(("已记录，等待公链锚定。", "Recorded, waiting for the public anchor.")),
            permanent: language.of(("此物品的永久链接", "Permanent link to this item")),
            verify: language.of(("核对已保存的证明", "Check a saved proof")),
            ledgers: language.of(("账本", "Ledgers")),
            policy: language.of(("信任的密钥", "Trusted keys")),
            route: language.of(journey::ROUTE),
            route_note: language.of(journey::ROUTE_NOTE),
            map: language.of(journey::MAP),
            map_note: language.of(journey::MAP_NOTE),
            cut: language.of(journey::GAP),
            days_note: language.of(journey::DAYS_NOTE),
            seals_note: language.of(journey::SEALS),
            key: language.of(journey::KEY),
            keys_checked: language.of(journey::KEYS_CHECKED),
        }
    }
}

/// Skips the head of the page, for keyboards.
pub const SKIP: Pair = ("跳到主要内容", "Skip to the content");

/// The texts of the start page, in one language.
#[derive(Debug, Clone, Copy)]
pub struct StartTexts {
    /// Heading.
    pub heading: &'static str,
    /// What to do here.
    pub lead: &'static str,
    /// What is not needed.
    pub privacy: &'static str,
    /// Label of the field for a code.
    pub code: &'static str,
    /// What can be entered.
    pub code_hint: &'static str,
    /// The button that leads to the page of a code.
    pub find: &'static str,
    /// The button that starts the camera.
    pub scan: &'static str,
    /// While the camera looks.
    pub hold: &'static str,
    /// When it has read a code.
    pub found: &'static str,
    /// When there is no camera, or it may not be used.
    pub refused: &'static str,
    /// When the reader of codes does not load.
    pub failed: &'static str,
    /// The button that asks for a picture.
    pub picture: &'static str,
    /// While the picture is read.
    pub reading: &'static str,
    /// When there is no code in it.
    pub none: &'static str,
    /// When it is no picture.
    pub unreadable: &'static str,
    /// Link to our own page of a code with the name of another site.
    pub onward: &'static str,
    /// Heading: what this is.
    pub what: &'static str,
    /// First of three.
    pub signed: &'static str,
    /// Second of three.
    pub questions: &'static str,
    /// Third of three.
    pub limits: &'static str,
    /// Heading: a saved proof.
    pub proof: &'static str,
    /// What a proof is.
    pub proof_more: &'static str,
    /// Link to the page that verifies a file.
    pub verify: &'static str,
    /// Heading: seals.
    pub marks: &'static str,
    /// What a seal is.
    pub marks_more: &'static str,
    /// The drawing, for who does not see it.
    pub coin: &'static str,
    /// Link to the list of ledgers.
    pub ledgers: &'static str,
    /// Link to the policy.
    pub policy: &'static str,
    /// Link to the description of the interface.
    pub interface: &'static str,
}

impl StartTexts {
    /// The texts in this language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of(("每一手，都留下印记", "Every hand leaves its mark")),
            lead: language.of(("用手机相机扫描包装上的二维码，看谁经手过、谁签了什么、扫码说明不了什么。", "Scan the code on the pack with your phone. See who handled the item, what they signed, and what a scan cannot tell you.")),
            privacy: language.of(("不用登录，不用 Cookie，不取位置，也不用装应用。", "No login, no cookie, no location, no app.")),
            code: language.of(("输入或粘贴编码", "Type or paste a code")),
            code_hint: language.of(("二维码里的链接、(01)…(21)…，或 GTIN / 序列号，例如 09521141123454 / 602", "The link that a code holds, (01)…(21)…, or GTIN / serial, for example 09521141123454 / 602")),
            find: language.of(("查看", "Look it up")),
            scan: language.of(("用相机扫描", "Scan with the camera")),
            hold: language.of(("请把二维码或 DataMatrix 码对准相机。再按一次按钮结束。画面不会离开本机。", "Hold the QR or DataMatrix code before the camera. Press the button again to end. No picture leaves this device.")),
            found: language.of(("已读到编码。", "A code was read.")),
            refused: language.of(("相机不可用或未获允许。请选一张码的照片，用手机自带的相机扫描，或输入编码。", "There is no camera, or it may not be used. Choose a picture of the code, scan with your phone's own camera, or type the code.")),
            failed: language.of(("识别程序没有载入。请再试一次，用手机自带的相机扫描，或输入编码。", "The reader of codes did not load. Try again, scan with your phone's own camera, or type the code.")),
            picture: language.of(("选择码的图片", "Choose a picture of a code")),
            reading: language.of(("正在本机识别图片，图片不会离开本机。", "The picture is read on this device, and does not leave it.")),
            none: language.of(("这张图片里没有读到二维码或 DataMatrix 码。请拍得更近、更清楚，或输入编码。", "No QR or DataMatrix code was found in this picture. Take one from nearer and in focus, or type the code.")),
            unreadable: language.of(("这个文件不是本浏览器能打开的图片。", "This file is no picture that this browser can open.")),
            onward: language.of(("查看本站对同一编码的记录", "See this site's records of the same code")),
            what: language.of(("这是什么", "What this is")),
            signed: language.of(("经手物品的每家公司都为自己说的话签名，账本任何人都能核对。", "Each company that handles an item signs what it says about it, in ledgers that anybody can check.")),
            questions: language.of(("一次扫码回答三个问题：记录是否完好，标签是否原装，物品与流通过程是否相符。", "A scan answers three questions: is the record intact, is the tag the original, does the item fit its journey.")),
            limits: language.of(("它不能证明手中的就是记录所指的那一件，每一页都这样写明。", "It cannot prove that the thing in your hand is the thing recorded, and every page says so.")),
            proof: language.of(("核对已保存的证明", "Check a saved proof")),
            proof_more: language.of(("证明是一个文件，多年以后、没有本站，也能在你自己的设备上核对。", "A proof is one file. It can be checked on your own device, years later, with this site switched off.")),
            verify: language.of(("打开核对页面", "Open the checking page")),
            marks: language.of(("一手一印", "A mark for every hand")),
            marks_more: language.of(("从前验过银元的商号会打上自己的戳记，下一手看得见每一个。这里每家公司的印记由其密钥画出：帮你认出是谁，真正核对的是密钥。", "Merchants who had tested a silver coin stamped their chop mark into it, and the next hand could read them all. Here each company has a mark drawn from its key. It helps you recognise who spoke; the key is what is checked.")),
            coin: language.of(("示意图：一枚打有多家商号戳记的银元", "Drawing: a silver coin with the chop marks of the merchants who tested it")),
            ledgers: language.of(("账本", "Ledgers")),
            policy: language.of(("本站信任的密钥与合约", "Keys and contracts that this server trusts")),
            interface: language.of(("接口说明（英文）", "Interface description")),
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
            proof: language.of((
                "证明文件（.bundle.json）或证据包（.zip），也可拖到本页任意位置",
                "Proof (.bundle.json) or evidence pack (.zip); it may be dropped anywhere on this page",
            )),
            policy: language.of(("信任策略文件（可选）", "Policy file (optional)")),
            no_script: language.of((
                "此页面需要 JavaScript 才能在本机验证。也可用命令 `chopmark verify` 验证。",
                "This page needs JavaScript to verify on this device. The command `chopmark verify` does the same.",
            )),
        }
    }
}
