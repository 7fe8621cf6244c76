//! How the reads of a reader are settled: from the TOML section to the settings that `settling` takes.

use std::time::Duration;

use process::config::settle::{DirectionSection, PresenceSection, Preset, SettleSection};
use settling::settings::{self, DirectionRule, PresenceRule, Settings};

/// The settings, with the preset's times where none are given.
#[must_use]
pub fn settings(section: &SettleSection) -> Settings {
    let defaults = Settings::of(preset(section.preset));
    Settings {
        quiet: section.quiet_ms.map_or(defaults.quiet, Duration::from_millis),
        longest: section.longest_ms.map_or(defaults.longest, Duration::from_millis),
        direction: section.direction.as_ref().map(direction),
        barrier: section.barrier,
        neighbours: section.neighbours.clone(),
        resident_s: section.resident_s,
        presence: presence(section.presence),
        ..defaults
    }
}

fn preset(preset: Preset) -> settings::Preset {
    match preset {
        Preset::Portal => settings::Preset::Portal,
        Preset::Shelf => settings::Preset::Shelf,
        Preset::Stocktake => settings::Preset::Stocktake,
        Preset::Tunnel => settings::Preset::Tunnel,
    }
}

fn direction(section: &DirectionSection) -> DirectionRule {
    DirectionRule {
        inside_antennas: section.inside_antennas.clone(),
        outside_antennas: section.outside_antennas.clone(),
        inside_barrier: section.inside_barrier,
        outside_barrier: section.outside_barrier,
    }
}

fn presence(section: PresenceSection) -> PresenceRule {
    PresenceRule {
        arrive_reads: section.arrive_reads,
        margin_cdb: section.margin_cdb,
        memory_s: section.memory_s,
        depart_s: section.depart_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default_of_settling() {
        assert_eq!(settings(&SettleSection::default()), Settings::default());
    }
}
