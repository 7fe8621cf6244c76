//! What people read who register as the owner of an item, pass it on, or are shown that somebody did.
//!
//! What holds: it is said who registered here, never who owns something by law; days only, and nobody is named.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{code, journey};
use crate::language::{Language, Pair};
use crate::owners::{GIFT_DAYS, PASSPORT_DAYS, Refused, SALE_DAYS};

/// A day, UTC.
#[must_use]
pub fn day(at: Timestamp, language: Language) -> String {
    journey::day(at.to_zoned(TimeZone::UTC).date(), language)
}

/// On the page of an item that has an owner.
#[must_use]
pub fn owned(at: Timestamp, language: Language) -> String {
    let day = day(at, language);
    language.of((
        format!("有人于 {day} 在此登记为这件物品的所有者。若有人把它当作全新品出售，请先询问。"),
        format!(
            "Somebody registered here as the owner of this item on {day}. If it is offered to you as new, ask before paying."
        ),
    ))
}

/// The step from an item's page: what it is, and more of it.
///
/// - `is_owned`: whether the item has an owner.
#[must_use]
pub fn step(is_owned: bool, language: Language) -> (&'static str, &'static str) {
    let (what, more) = if is_owned {
        (
            ("我是登记的所有者", "I am the registered owner"),
            ("凭所有者密码", "With the owner's code"),
        )
    } else {
        (ENTER, ("登记为所有者，不需要账号", "Register as the owner, without an account"))
    };
    (language.of(what), language.of(more))
}

/// The step to registering.
pub const ENTER: Pair = ("我买下了它", "I bought it");

/// Why somebody did not become the owner: a heading, and what to do.
#[must_use]
pub fn refused(why: Refused, language: Language) -> (String, &'static str) {
    let (heading, hint): ((String, String), Pair) = match why {
        Refused::Code(entered) => return code::entered(entered, language),
        Refused::Used(at) => (
            (
                format!("没有登记：此码已在 {} 被使用过", day(at, language)),
                format!("Not registered: this code was used before, on {}", day(at, language)),
            ),
            (
                "只有最先输入此码的人可以登记，并且要在两周内用同一部手机、同一网络。如果那不是你，而你买的是全新品，请联系商家。",
                "Only whoever entered the code first can register, within two weeks, with the same phone and network. If that was not you and you bought it new, contact the seller.",
            ),
        ),
        Refused::NotTapped => (
            ("没有登记：没有新的碰触".into(), "Not registered: there was no fresh tap".into()),
            (
                "请用这部手机再碰一次这件物品的标签，并在十分钟内登记。",
                "Tap the tag of this item again with this phone, and register within ten minutes.",
            ),
        ),
        Refused::Closed => (
            ("没有登记：封签还没有打开".into(), "Not registered: the seal is closed".into()),
            (
                "芯片报告封签没有被打开过。请在买下并打开之后，再碰一次标签。",
                "The chip reports that its seal was not opened. Tap the tag again after you bought the item and opened it.",
            ),
        ),
        Refused::Owned(at) => (
            (
                format!("没有登记：已有人于 {} 登记为所有者", day(at, language)),
                format!(
                    "Not registered: somebody registered as the owner on {}",
                    day(at, language)
                ),
            ),
            (
                "如果那是你，请输入你的所有者密码。如果你刚从别人那里买下它，请向对方要转让链接。",
                "If that was you, enter your owner's code. If you have just bought it from somebody, ask them for the link that passes it on.",
            ),
        ),
    };
    (language.of(heading), language.of(hint))
}

/// The texts of the page on which somebody registers.
pub struct ClaimTexts {
    /// Title.
    pub heading: &'static str,
    /// What happens.
    pub about: &'static str,
    /// What happens after a tap.
    pub tapped: &'static str,
    /// The item.
    pub item: &'static str,
    /// Its hidden code.
    pub code: &'static str,
    /// Registers.
    pub enter: &'static str,
    /// Who has a code already.
    pub already: &'static str,
}

impl ClaimTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let code = code::CodeTexts::of(language);
        Self {
            heading: language.of(("我买下了它：登记为所有者", "I bought it: register as the owner")),
            about: language.of((
                "不需要账号，也不需要姓名。登记之后，打开这件物品页面的人会看到登记的日期，看不到你是谁。你会得到一个所有者密码，凭它可以转让、赠送，或给买家看物品护照。请只登记你买下或收到的物品。",
                "No account and no name is needed. Whoever opens the page of this item will read on which day an owner registered, and nothing about you. You get an owner's code, with which you can sell the item, give it away, or show a buyer its passport. Register only what you bought or were given.",
            )),
            tapped: language.of((
                "你刚才用手机碰过这件物品的标签。请在十分钟内用同一部手机登记。",
                "You have just tapped the tag of this item. Register within ten minutes, with the same phone.",
            )),
            item: code.item,
            code: code.code,
            enter: language.of(("登记", "Register")),
            already: language.of(("已经登记过", "Registered already")),
        }
    }
}

/// A page on which a code is typed, or comes with the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The owner's page.
    Owner,
    /// Accepting what somebody sold.
    Sale,
    /// Accepting a gift.
    Gift,
    /// Looking at a passport.
    Passport,
}

/// The texts of a page on which a code is typed.
pub struct DoorTexts {
    /// Title.
    pub heading: &'static str,
    /// What to do.
    pub about: &'static str,
    /// The field.
    pub code: &'static str,
    /// Opens what the code leads to.
    pub open: &'static str,
}

impl DoorTexts {
    /// In a language.
    #[must_use]
    pub fn of(door: Door, language: Language) -> Self {
        let (heading, code) = match door {
            Door::Owner => (("打开所有者页面", "Open your owner's page"), OWNERS_CODE),
            Door::Sale => {
                (("接受一件转让给你的物品", "Accept an item that is sold to you"), LINK_CODE)
            }
            Door::Gift => (("接受一件礼物", "Accept a gift"), LINK_CODE),
            Door::Passport => (("查看物品护照", "Look at the passport of an item"), LINK_CODE),
        };
        let about = if door == Door::Owner {
            (
                "请输入登记时得到的密码，共 16 个字母和数字。",
                "Enter the code that you got when you registered: 16 letters and digits.",
            )
        } else {
            (
                "密码是链接中 # 之后的 16 个字母和数字。请输入它；它不会出现在网址里。",
                "Enter the code: the 16 letters and digits behind the # of the link. It is never in the address that is sent.",
            )
        };
        Self {
            heading: language.of(heading),
            about: language.of(about),
            code: language.of(code),
            open: language.of(("打开", "Open")),
        }
    }
}

const OWNERS_CODE: Pair = ("所有者密码", "Owner's code");
const LINK_CODE: Pair = ("链接中的密码", "Code of the link");

/// A code that opens nothing: a heading, and what to do. It is the same for all.
pub const UNKNOWN: (Pair, Pair) = (
    ("这个密码打不开任何内容", "This code opens nothing"),
    (
        "它可能输错了，或已使用、已撤回、已过期。请核对；若是别人给你的链接，请再要一个。",
        "It may be mistyped, used, withdrawn or past its time. Compare it; if somebody gave you the link, ask for another one.",
    ),
);

/// The texts for somebody who became an owner.
pub struct NewOwnerTexts {
    /// Title.
    pub heading: &'static str,
    /// What to do now.
    pub hint: &'static str,
    /// Above the code.
    pub code: &'static str,
    /// What the code is.
    pub keep: &'static str,
    /// Above the link.
    pub link: &'static str,
    /// To the owner's page.
    pub open: &'static str,
    /// To the item's page.
    pub item: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl NewOwnerTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of(("你已在此登记为所有者", "You are registered here as the owner")),
            hint: language.of((
                "请现在保存密码：它只显示这一次，丢失后没有人能找回。",
                "Save the code now: it is shown this once, and nobody can find it again.",
            )),
            code: language.of(OWNERS_CODE),
            keep: language.of((
                "拿到它的人就可以转让这件物品。不要给别人看，也不要写在包装上。",
                "Whoever has it can pass the item on. Show it to nobody, and do not write it on the pack.",
            )),
            link: language.of((
                "也可以保存这个链接，它打开你的所有者页面：",
                "Or save this link, which opens your owner's page:",
            )),
            open: language.of(("打开所有者页面", "To your owner's page")),
            item: language.of(ITEM_PAGE),
            meaning: language.of(MEANING),
        }
    }
}

const ITEM_PAGE: Pair = ("物品的页面", "Page of the item");
/// What a registration says.
const MEANING: Pair = (
    "登记只说明：有人在此输入了这件物品的隐藏码或碰触了它的芯片，或从这样的人那里接受了它。它不证明谁在法律上拥有这件物品，也不说明物品本身是不是原来的那一件。",
    "A registration says that somebody entered the hidden code of this item here or tapped its chip, or accepted it from whoever did. It does not prove who owns the item by law, nor that the thing itself is the one that the code was made for.",
);

/// Since when somebody is the owner, and which one.
#[must_use]
pub fn since(at: Timestamp, number: usize, language: Language) -> String {
    let day = day(at, language);
    language.of((
        format!("自 {day} 起登记，是第 {number} 位登记的所有者。"),
        format!("Registered since {day}, as registered owner number {number}."),
    ))
}

/// When somebody registered who is the owner no longer.
#[must_use]
pub fn was(at: Timestamp, language: Language) -> String {
    let day = day(at, language);
    language.of((format!("你登记于 {day}。"), format!("You registered on {day}.")))
}

/// The days on which the owners before registered.
#[must_use]
pub fn before(owners: &[Timestamp], language: Language) -> String {
    if owners.is_empty() {
        return language.of(("之前没有登记过所有者。", "Nobody registered before.")).to_owned();
    }
    let days: Vec<String> = owners.iter().map(|at| day(*at, language)).collect();
    language.of((
        format!("之前的所有者登记于：{}。", days.join("、")),
        format!("Earlier owners registered on: {}.", days.join(", ")),
    ))
}

/// Until when the link holds that somebody made or looks at.
#[must_use]
pub fn holds(at: Timestamp, language: Language) -> String {
    let day = day(at, language);
    language.of((format!("此链接有效至 {day}。"), format!("This link holds until {day}.")))
}

/// Until when a link holds that was made before.
#[must_use]
pub fn until(at: Timestamp, language: Language) -> String {
    let day = day(at, language);
    language.of((format!("有一个链接有效至 {day}。"), format!("A link holds until {day}.")))
}

/// For an owner who passed the item on.
#[must_use]
pub fn ended(at: Timestamp, language: Language) -> String {
    let day = day(at, language);
    language
        .of((format!("你已于 {day} 转让这件物品"), format!("You passed this item on, on {day}")))
}

/// The texts of an owner's page.
pub struct OwnerTexts {
    /// Title.
    pub heading: &'static str,
    /// Where nothing can be done any more.
    pub ended: &'static str,
    /// Heading: the item.
    pub item: &'static str,
    /// To its page.
    pub item_page: &'static str,
    /// Heading: passing it on.
    pub pass_on: &'static str,
    /// What happens then.
    pub pass_on_about: &'static str,
    /// Makes a link for a buyer.
    pub sell: String,
    /// Makes a link for a gift.
    pub give: String,
    /// Heading: the passport.
    pub passport: &'static str,
    /// What it shows.
    pub passport_about: String,
    /// Makes one.
    pub make_passport: &'static str,
    /// Ends a link.
    pub withdraw: &'static str,
    /// Above a new link: it is shown once.
    pub once: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl OwnerTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of(("你的物品", "Your item")),
            ended: language.of((
                "你的密码不能再做任何事；物品护照也已失效。",
                "Your code does nothing any more, and its passport has ended.",
            )),
            item: language.of(ITEM),
            item_page: language.of(ITEM_PAGE),
            pass_on: language.of(("转让或赠送", "Sell it or give it away")),
            pass_on_about: language.of((
                "生成一个链接，只发给接收的人。对方打开链接并点击“接受”之后，登记的所有者就是对方，你的密码随即失效。链接只能用一次；在对方接受之前可以撤回。新的链接会替换之前的。",
                "Make a link and send it to the recipient alone. Once they open it and accept, they are the registered owner, and your code does nothing any more. The link works once, and until then you can withdraw it. A new one replaces the one before.",
            )),
            sell: language.of((
                format!("生成给买家的链接，{SALE_DAYS} 天内有效"),
                format!("Make a link for a buyer, for {SALE_DAYS} days"),
            )),
            give: language.of((
                format!("生成赠送的链接，{GIFT_DAYS} 天内有效"),
                format!("Make a link for a gift, for {GIFT_DAYS} days"),
            )),
            passport: language.of(("物品护照", "Passport of the item")),
            passport_about: language.of((
                format!(
                    "生成一个给买家看的链接：生成它的人是现在登记的所有者、自哪一天起、第几位，以及物品的记录。{PASSPORT_DAYS} 天后、你撤回时或转让之后失效。"
                ),
                format!(
                    "Make a link that shows to a buyer that whoever made it is the registered owner now, since when, how many registered before, and what is recorded of the item. It ends after {PASSPORT_DAYS} days, when you withdraw it, or when you pass the item on."
                ),
            )),
            make_passport: language.of(("生成护照链接", "Make a link to the passport")),
            withdraw: language.of(("撤回链接", "Withdraw the link")),
            once: language.of((
                "新链接，只显示这一次，请现在复制：",
                "The new link, shown this once. Copy it now:",
            )),
            meaning: language.of(MEANING),
        }
    }
}

const ITEM: Pair = ("物品", "The item");

/// The texts for whoever may become the next owner.
pub struct TakeTexts {
    /// Title.
    pub heading: &'static str,
    /// What happens.
    pub hint: &'static str,
    /// Accepts.
    pub accept: &'static str,
    /// What to compare before.
    pub compare: &'static str,
}

impl TakeTexts {
    /// In a language.
    #[must_use]
    pub fn of(is_gift: bool, language: Language) -> Self {
        let heading = if is_gift {
            ("有人送给你一件物品", "Somebody gives you an item")
        } else {
            ("有人把一件物品转让给你", "Somebody passes an item on to you")
        };
        let compare = if is_gift {
            (
                "请对照实物上的号码。接受之后，你会得到自己的所有者密码。",
                "Compare the number on the thing. When you accept, you get an owner's code of your own.",
            )
        } else {
            (
                "付款之前，请对照实物上的号码。接受之后，你会得到自己的所有者密码；在此之前登记的所有者仍是卖家。",
                "Before you pay, compare the number on the thing. When you accept, you get an owner's code of your own; until then the seller is the registered owner.",
            )
        };
        Self {
            heading: language.of(heading),
            hint: language
                .of(("你点击“接受”之前，什么都不会改变。", "Nothing changes before you accept.")),
            accept: language.of(("接受，登记为所有者", "Accept and register as the owner")),
            compare: language.of(compare),
        }
    }
}

/// The texts of a passport.
pub struct PassportTexts {
    /// Title.
    pub heading: &'static str,
    /// What a buyer does with it.
    pub hint: &'static str,
}

impl PassportTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of((
                "生成此链接的人是现在登记的所有者",
                "Whoever made this link is the registered owner now",
            )),
            hint: language.of((
                "链接可以被转发：付款前请对照实物上的号码，并要求卖家用转让链接把它登记给你。",
                "A link can be forwarded: before you pay, compare the number on the thing, and have the seller pass the item on to you by a link of its own.",
            )),
        }
    }
}

/// The texts about an item, for whoever looks at what somebody owns.
pub struct FactTexts {
    /// Heading: the item.
    pub item: &'static str,
    /// Its lot.
    pub lot: &'static str,
    /// Heading: the registration.
    pub owner: &'static str,
    /// Heading: what the records say.
    pub records: &'static str,
    /// To the item's page.
    pub item_page: &'static str,
    /// Where no record names the item.
    pub none: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl FactTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            item: language.of(ITEM),
            lot: language.of(("批号", "Lot")),
            owner: language.of(("登记", "Registration")),
            records: language.of(("记录怎么说", "What the records say")),
            item_page: language.of(ITEM_PAGE),
            none: language.of(("没有记录提到这件物品。", "No record names this item.")),
            meaning: language.of(MEANING),
        }
    }
}

/// When an item was made, and who says so.
#[must_use]
pub fn made(day: &str, by: &str, language: Language) -> String {
    language.of((
        format!("{day} 赋码生产，由{by}签名声明"),
        format!("Made and coded on {day}, as {by} stated and signed"),
    ))
}
