//! Every sentence of `chopmark reader` that is in Chinese and English.
//!
//! What holds: a text is a pair, so that none is missing in one language. The text of a finding is not translated,
//! because it quotes the device; in Chinese its remedy follows, chosen by its code. In English the text itself names
//! the remedy.
//!
//! Not here: `reader replay`, whose lines are for comparing bytes, and errors of a command; they are English only.
//!
//! Source: docs/decisions/0038-where-sentences-are.md.

use std::time::Duration;

use firmware_bridge::detect::About;
use firmware_bridge::spool::code as bridge;
use reads::code;

pub use crate::language::{Lang, LangAt};

impl Lang {
    /// The remedy for a finding, if its text does not name it in this language.
    pub fn remedy(self, found: &str) -> Option<&'static str> {
        if self == Self::En {
            return None;
        }
        Some(match found {
            code::NO_ANTENNA => {
                "处理：该天线口没有接天线；拧紧馈线，或在配置的 `antennas` 中去掉该口"
            }
            code::REGION => "处理：频段地区未设置或不符；把 `region` 设为安装所在地",
            code::REFUSED => {
                "处理：读写器拒绝了请求，或网桥拒收了传感器节点的数值；按原文所述原因检查参数、型号、权限，或节点的数值与名称"
            }
            code::NO_ANSWER => "处理：设备不应答；检查电源、接线、波特率和地址",
            code::NOT_THIS_DEVICE => "处理：数据不属于该型号；检查 `device` 的型号和波特率",
            code::HELD => "处理：读写器被其他程序占用；停掉该程序，或等读写器释放旧连接",
            code::HARDWARE => "处理：温度过高或功率超出范围；检查散热、功率设置和天线",
            code::GAP => "处理：有数据缺失；检查传感器的电池、电源、信号，以及本机磁盘",
            code::LOST => "处理：连接断开，会自动重试；检查电缆、电源、端口权限、地址和密码",
            code::BACK => "处理：连接已恢复，无需处理",
            code::UNKNOWN_SENSOR => "处理：配置中没有该设备；按原文把它写进 `sensors`",
            code::BAD_VALUE => {
                "处理：数值不可用，未采用；检查传感器本身，或按原文在 `fields` 中写明单位"
            }
            code::FORM => "处理：读写器的写法不明确或与其文档不符；按原文在配置中写明 `epc`",
            code::CLOCK => "处理：本机时钟被调整过；检查时间同步（NTP）",
            code::CHANGED => {
                "处理：设置与上次不同，确认是否有意更改；若为数值单位不同，数值已换算并使用，在 `fields` 中写明单位"
            }
            bridge::DISK => "处理：磁盘写不进去，期间没有接收数据；清理或更换存放缓存文件的磁盘",
            bridge::FULL => {
                "处理：缓存已满，正在丢弃读数；恢复与 ingest 的连接，或调大 `max_spool_bytes`"
            }
            bridge::ROOM => "处理：缓存又有空间，无需处理",
            bridge::DELIVERY_REFUSED => {
                "处理：ingest 拒收，内容完整保留；用 `chopmark reader resend --list` 查看原因，处理后用 `chopmark reader resend` 重发"
            }
            bridge::NUMBER_TAKEN => {
                "处理：编号被占用，已换号重发；每个网桥要有自己的 `id` 和缓存文件"
            }
            _ => return None,
        })
    }
}

/// A text, Chinese and English.
pub type Text = (&'static str, &'static str);

pub const WAITING: Text =
    ("等待第一次读取；按 Ctrl-C 结束", "waiting for the first read; Ctrl-C ends");
pub const NOTHING_READ: Text = ("没有读到任何数据：", "nothing was read: ");
pub const NO_TAG: Text = (
    "设备已连通，但没有读到标签：场内有标签吗？天线接好了吗？",
    "the device was reached and read nothing: is a tag in its field, is its antenna connected?",
);
pub const REPORTS: Text = ("设备报告：", "the device reports: ");
/// Padded by hand: a Chinese character takes two columns.
pub const TABLE_HEAD: Text = (
    "   次数    最近    最强  天线        时隔  标签",
    "  reads    last    best  antennas     age  tag",
);
pub const NO_FINDING: Text = ("没有需要处理的发现", "nothing was found that needs attention");
pub const CHANGED: Text = ("已更改的设置：", "settings that changed:");
pub const SETTINGS: Text = ("当前设置：", "settings now:");
pub const REFUSED_NOTHING: Text = ("ingest 没有拒收任何内容", "ingest refused nothing");
pub const NO_PORT: Text = (
    "本机没有串口；插上 USB 读写器后会出现在这里",
    "no serial port on this machine; a USB reader appears here once it is plugged in",
);
pub const STABLE: Text = ("重新插拔后不变", "stays the same after replugging");
pub const WRITES_NOTHING: Text = ("只听，不写入", "writes nothing");
pub const ASKS_VERSION: Text = ("询问版本", "queries its version");
pub const ALSO: Text = ("另有", "also");
pub const NEXT: Text = ("下一步", "next");
pub const NOTHING_DECODED: Text = (
    "没有可识别的数据；设备可能要询问才应答（--ask），可能没有通电，也可能是其他型号",
    "nothing that can be decoded; it may be silent until it is queried (--ask), without power, or of another family",
);
pub const LLRP_FOUND: Text = ("接受连接的 LLRP 读写器", "an LLRP reader that accepts connections");
pub const NO_TOPIC: Text = (
    "没有任何主题有消息；读写器在场内有标签时才发布",
    "no message on any topic; a reader publishes when tags are in its field",
);

// Why a topic is taken for what it is.
const JSON: Text = ("可用映射描述的 JSON", "JSON that a mapping can describe");
const COMMAND: Text =
    ("Sparkplug 主机发给节点或设备的命令", "a command of a Sparkplug host to a node or device");
const HOST_STATE: Text = (
    "Sparkplug 主机的在线状态，也可能是本网桥的",
    "whether a Sparkplug host is online, perhaps a bridge of yours",
);
const BRIDGE_STATUS: Text =
    ("Zigbee2MQTT 自身的状态消息", "a status message of Zigbee2MQTT itself");
const NO_READINGS: Text = (
    "没有数值：Zigbee2MQTT 设备的在线状态，或发给设备的查询",
    "no readings: availability of a Zigbee2MQTT device, or a question to it",
);

// Comments beside the lines of a configuration block.
pub const PASTE: Text = (
    "把下面的内容粘贴到网桥的配置文件；FILL-IN 处须填写，否则启动时会被拒绝",
    "paste what follows into the bridge's configuration; it is refused until each FILL-IN is filled in",
);
pub const ID: Text = ("名称自定，本网桥内不可重复", "a name of your choice, unique in this bridge");
pub const READ_POINT: Text = (
    "读取地点，如 urn:epc:id:sgln:9521142.00001.3",
    "where it reads, such as urn:epc:id:sgln:9521142.00001.3",
);
pub const SENSOR: Text = (
    "传感器的标识，如 urn:epc:id:giai:9521142.PROBE7",
    "identifier of the sensor, such as urn:epc:id:giai:9521142.PROBE7",
);
pub const REGION: Text = (
    "安装所在地区，如 china、europe、north-america：决定发射频段",
    "where it is installed, such as china, europe, north-america: it decides on which frequencies it transmits",
);
pub const TRY: Text = ("先试一下", "try it first");
pub const EPC_POINTER: Text = (
    "EPC 在消息中的位置（JSON 指针），见上面的列表",
    "where the EPC is in a message, a JSON pointer; see the list above",
);
pub const EPC_FORM: Text = (
    "读写器 `epc` 的写法：hex 或 base64；一条消息本身看不出来",
    "how the reader writes `epc`: hex or base64; a message alone does not show it",
);
pub const EACH: Text = (
    "读取结果所在的数组；列表中的位置从其一个元素算起，以 ^ 开头的从消息算起",
    "the array of reads; the places in the list start at one of its elements, those with ^ at the message",
);
pub const MEMBERS: Text = ("最后一条消息中的成员", "members of the last message");

/// So many things, in English: `1 read`, `2 reads`.
fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// How often a finding was made.
pub fn times(count: i64, lang: Lang) -> String {
    lang.of((format!("{count} 次"), format!("{count} times")))
}

/// How many deliveries are queued again.
pub fn resent(count: usize, lang: Lang) -> String {
    let english = match count {
        0 => "ingest refused nothing, so nothing is resent".to_owned(),
        1 => "1 delivery is queued again; the bridge sends it".to_owned(),
        count => format!("{count} deliveries are queued again; the bridge sends them"),
    };
    let chinese = match count {
        0 => "ingest 没有拒收任何内容，无需重发".to_owned(),
        count => format!("{count} 份数据已重新排队，由网桥发送"),
    };
    lang.of((chinese, english))
}

/// What was read so far, and how fast.
pub fn reads_now(reads: u64, rate: f64, tags: usize, lang: Lang) -> String {
    lang.of((
        format!("读取 {reads} 次，每秒 {rate:.0} 次，标签 {tags} 个"),
        format!("{}, {rate:.0} a second, {}", counted(reads, "read"), counted(tags as u64, "tag")),
    ))
}

/// Rows that have no room.
pub fn more_rows(more: usize, lang: Lang) -> String {
    lang.of((format!("        … 另有 {more} 个"), format!("        … and {more} more")))
}

/// What was read, for the end.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    pub reads: u64,
    pub tags: usize,
    pub values: usize,
    pub bad_frames: u64,
    pub stray_bytes: u64,
}

/// What was read in `time`.
pub fn summary(totals: Totals, time: Duration, lang: Lang) -> String {
    let Totals { reads, tags, values, bad_frames, stray_bytes } = totals;
    let seconds = time.as_secs_f64();
    lang.of((
        format!(
            "{seconds:.1} 秒内读取 {reads} 次，标签 {tags} 个，传感器数值 {values} 个；错误帧 {bad_frames}，多余字节 {stray_bytes}"
        ),
        format!(
            "{} of {}, {} in {seconds:.1} s; {}, {}",
            counted(reads, "read"),
            counted(tags as u64, "tag"),
            counted(values as u64, "sensor value"),
            counted(bad_frames, "bad frame"),
            counted(stray_bytes, "stray byte")
        ),
    ))
}

/// The broker answered, and nothing came on these topics.
pub fn silent_topics(topics: &str, address: &str, lang: Lang) -> String {
    lang.of((
        format!(
            "已连上 MQTT 服务器，但主题 `{topics}` 上没有消息；`chopmark reader detect --mqtt {address}` 可列出现有主题"
        ),
        format!(
            "the broker was reached; nothing came on topic `{topics}`; `chopmark reader detect --mqtt {address}` lists \
             the topics in use"
        ),
    ))
}

/// No broker answered.
pub fn no_broker(address: &str, lang: Lang) -> String {
    lang.of((
        format!("{address} 处的 MQTT 服务器尚未应答；检查地址和网络"),
        format!("no broker has answered at {address} yet; check the address and the network"),
    ))
}

/// Nothing that a driver understands came from a line.
pub fn not_understood(name: &str, lang: Lang) -> String {
    lang.of((
        format!("{name} 尚未传来可识别的数据；检查电源、电缆、地址、波特率和设备型号"),
        format!(
            "nothing that can be decoded has come from {name} yet; check power, cable and address, the baud rate, and \
             whether the device is of this family"
        ),
    ))
}

/// Why a topic is taken for what it is. A finding is quoted, with its remedy where it is in another language.
pub fn about(about: &About, lang: Lang) -> String {
    match about {
        About::Device(device) => lang.of((format!("设备 {device}"), format!("device {device}"))),
        About::DeviceOf { device, application } => lang.of((
            format!("{application} 的设备 {device}"),
            format!("device {device} of {application}"),
        )),
        About::Reads { count, form } => {
            let reads = lang.of((
                format!("最后一条消息中有 {count} 次读取"),
                format!("{} in the last message", counted(*count as u64, "read")),
            ));
            let remedy = form.as_ref().and_then(|_| lang.remedy(code::FORM));
            let more = form.as_deref().into_iter().chain(remedy);
            [reads.as_str()].into_iter().chain(more).collect::<Vec<_>>().join("; ")
        }
        About::Json => lang.of(JSON).to_owned(),
        About::Command => lang.of(COMMAND).to_owned(),
        About::HostState => lang.of(HOST_STATE).to_owned(),
        About::BridgeStatus => lang.of(BRIDGE_STATUS).to_owned(),
        About::NoReadings => lang.of(NO_READINGS).to_owned(),
        About::NotJson(bytes) => lang.of((
            format!("{bytes} 字节，不是 JSON 对象"),
            format!("{bytes} bytes that are not a JSON object"),
        )),
    }
}

/// Listening to a port.
pub fn listening(path: &str, seconds: u64, lang: Lang) -> String {
    lang.of((
        format!("监听 {path}，{seconds} 秒，不写入 …"),
        format!("listening to {path} for {seconds} s, writing nothing …"),
    ))
}

/// Asking a port.
pub fn querying(path: &str, lang: Lang) -> String {
    lang.of((
        format!("依次询问 {path}：mercury、r200、chafon、xy-md02 …"),
        format!("querying {path}: mercury, r200, chafon, xy-md02 …"),
    ))
}

/// Listening to a broker.
pub fn listening_to_broker(address: &str, seconds: u64, lang: Lang) -> String {
    lang.of((
        format!("监听 {address} 的所有主题，{seconds} 秒 …"),
        format!("listening to every topic of {address} for {seconds} s …"),
    ))
}

/// A serial device that was recognised.
pub fn recognised(family: &str, baud: u32, about: &str, lang: Lang) -> String {
    lang.of((
        format!("{family}，{baud} 波特（{about}）"),
        format!("{family} at {baud} baud ({about})"),
    ))
}

/// Which device has a lasting name now.
pub fn is_now(device: &str, how_long: &str, lang: Lang) -> String {
    lang.of((
        format!("现在是 {device}；上面的名称{how_long}"),
        format!("is {device} now; the name above {how_long}"),
    ))
}

/// A name that lasts as long as the device stays in its socket.
pub fn stable_in_socket(why: &str, lang: Lang) -> String {
    lang.of((
        format!("只要插在同一个插口就不变：{why}"),
        format!("stays the same as long as it is plugged into the same socket: {why}"),
    ))
}

/// A name that may be another device's later.
pub fn unstable(why: &str, lang: Lang) -> String {
    lang.of((
        format!("重新插拔后此名称可能属于别的设备：{why}"),
        format!("this name may be another device's after replugging: {why}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_detect_says_of_a_topic_is_in_the_language_and_counts_one_as_one() {
        let reads = |count, form| About::Reads { count, form };
        assert_eq!(about(&reads(1, None), Lang::En), "1 read in the last message");
        assert_eq!(about(&reads(2, None), Lang::En), "2 reads in the last message");
        let text = about(&reads(0, Some("`epc` may be hex".into())), Lang::Zh);
        assert!(text.starts_with("最后一条消息中有 0 次读取; `epc` may be hex; 处理："), "{text}");
        for other in [About::Json, About::Command, About::HostState, About::NotJson(3)] {
            assert!(!about(&other, Lang::Zh).is_ascii(), "{other:?}");
            assert!(about(&other, Lang::En).is_ascii(), "{other:?}");
        }
    }

    #[test]
    fn every_finding_has_a_remedy_in_chinese_and_a_locale_names_the_language() {
        for found in code::ALL.into_iter().chain(bridge::ALL) {
            assert!(Lang::Zh.remedy(found).is_some(), "{found}");
            assert_eq!(Lang::En.remedy(found), None);
        }
        for (locale, lang) in [
            ("zh_CN.UTF-8", Lang::Zh),
            ("zh", Lang::Zh),
            ("en_GB.UTF-8", Lang::En),
            ("C", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::of_locale(locale), lang, "{locale}");
        }
    }
}
