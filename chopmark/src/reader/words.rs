//! English or Chinese for the output of `reader findings` and `reader test`.
//!
//! What holds: the text of a finding is not translated, because it quotes the device; in Chinese its remedy follows,
//! chosen by its code. In English the text itself names the remedy.

use firmware_bridge::spool::code as bridge;
use reads::code;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Chinese, simplified.
    Zh,
    /// English.
    En,
}

/// Which language.
#[derive(clap::Args)]
pub struct LangAt {
    /// Language of headings and remedies. Default: the system's
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl LangAt {
    /// The given one, or that of the environment.
    pub fn get(&self) -> Lang {
        self.lang.unwrap_or_else(|| {
            let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let found = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
            Lang::of_locale(&found.unwrap_or_default())
        })
    }
}

impl Lang {
    /// Of a locale, `zh_CN.UTF-8`.
    fn of_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// The one of two texts that is in this language.
    pub fn say(self, en: &'static str, zh: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

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
            code::REFUSED => "处理：请求被拒绝；按原文所述原因检查参数、型号或权限",
            code::NO_ANSWER => "处理：设备不应答；检查电源、接线、波特率和地址",
            code::NOT_THIS_DEVICE => "处理：数据不属于该型号；检查 `device` 的型号和波特率",
            code::HELD => "处理：读写器被其他程序占用；停掉该程序，或等读写器释放旧连接",
            code::HARDWARE => "处理：温度过高或功率超出范围；检查散热、功率设置和天线",
            code::GAP => "处理：有数据缺失；检查传感器的电池、电源、信号，以及本机磁盘",
            code::LOST => "处理：连接断开，会自动重试；检查电缆、电源、端口权限、地址和密码",
            code::BACK => "处理：连接已恢复，无需处理",
            code::UNKNOWN_SENSOR => "处理：配置中没有该设备；按原文把它写进 `sensors`",
            code::BAD_VALUE => "处理：数值不可用；检查传感器本身及其单位设置",
            code::CLOCK => "处理：本机时钟被调整过；检查时间同步（NTP）",
            code::CHANGED => "处理：设置与上次不同；确认是否有意更改",
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

#[cfg(test)]
mod tests {
    use super::*;

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
