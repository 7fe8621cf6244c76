//! Whether the traffic is like what was measured on public captures: gaps, rates and scatter.

use std::collections::BTreeMap;

use super::*;

/// A count as a number that can be divided.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Gaps between the reads of one tag in milliseconds, sorted, and scatter by antenna in dB.
fn figures(reads: &[Read]) -> (Vec<i64>, BTreeMap<u16, (f64, f64)>) {
    let mut gaps: Vec<i64> = reads
        .windows(2)
        .map(|pair| i64::try_from(pair[1].at.duration_since(pair[0].at).as_millis()).unwrap())
        .collect();
    gaps.sort_unstable();
    let mut by_antenna: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
    for read in reads {
        by_antenna.entry(read.antenna).or_default().push(f64::from(read.rssi_cdbm) / 100.0);
    }
    let scatter = |values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / number(values.len());
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        (mean, (squares / number(values.len())).sqrt())
    };
    (gaps, by_antenna.into_iter().map(|(port, values)| (port, scatter(values))).collect())
}

/// The value that so many of a hundred do not exceed.
fn share(sorted: &[i64], percent: usize) -> i64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[test]
fn a_tag_in_a_good_field_is_read_as_public_captures_show() {
    let (mut gaps, mut scatter, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..20 {
        let path = vec![[0.0, 0.0, 0.0], [120.0, 0.0, 0.0]];
        let tag = Tag { epc: epc(seed, 0), path, hidden: Vec::new() };
        let reads = play(seed, &[doors::station(0.0)], &[tag]).remove(0);
        let (found, by_antenna) = figures(&reads);
        rates.push(number(reads.len()) / 120.0);
        gaps.extend(found);
        scatter.extend(by_antenna.into_values());
    }
    gaps.sort_unstable();
    scatter.sort_by(|a, b| a.1.total_cmp(&b.1));
    let rate = rates.iter().sum::<f64>() / 20.0;
    let (p50, p99, max) = (share(&gaps, 50), share(&gaps, 99), *gaps.last().unwrap());
    let (least, most) = (scatter[0].1, scatter[scatter.len() - 1].1);
    println!("gaps {p50} {p99} {max} ms, {rate:.1} a second, sd {least:.1} to {most:.1} dB");
    // Measured: p50 34 to 53 ms, p99 202 to 391 ms, at most 1.28 s; about 20 a second; sd 3.4 to 6.7 dB.
    assert!((30..=55).contains(&p50), "{p50}");
    assert!((150..=400).contains(&p99), "{p99}");
    assert!((900..=1500).contains(&max), "{max}");
    assert!((15.0..=22.0).contains(&rate), "{rate}");
    assert!(least >= 3.3 && most <= 7.4 && most - least >= 2.0, "{least} {most}");
}

#[test]
fn antennas_of_a_door_differ_by_a_few_decibels_while_a_tag_passes() {
    let mut apart = Vec::new();
    for seed in 0..40 {
        let path = vec![[0.0, 0.2, -9.0], [18.0, 0.2, 9.0]];
        let tag = Tag { epc: epc(seed, 0), path, hidden: Vec::new() };
        let reads = play(seed, &[doors::station(0.0)], &[tag]).remove(0);
        let (_, by_antenna) = figures(&reads);
        let means: Vec<f64> = by_antenna.values().map(|(mean, _)| *mean).collect();
        let most = means.iter().copied().fold(f64::MIN, f64::max);
        let least = means.iter().copied().fold(f64::MAX, f64::min);
        apart.push(most - least);
    }
    let mean = apart.iter().sum::<f64>() / 40.0;
    println!("antenna means {mean:.1} dB apart");
    assert!((2.0..=7.0).contains(&mean), "{mean}");
}

#[test]
fn the_same_seed_gives_the_same_traffic_and_another_seed_another() {
    let plan = doors::Plan { passages: 10, ..doors::Plan::default() };
    let (one, again) = (doors::traffic(7, &plan), doors::traffic(7, &plan));
    assert_eq!(one.reads, again.reads);
    assert_eq!(one.passages, again.passages);
    assert_ne!(one.reads, doors::traffic(8, &plan).reads);
    assert!(one.reads.iter().all(|reads| reads.is_sorted_by_key(|read| read.at)));
    assert!(one.passages.len() >= 10);
}

#[test]
fn a_tag_is_where_its_path_says_and_nowhere_before_and_after() {
    let tag = Tag { epc: vec![], path: vec![[1.0, 0.0, 0.0], [3.0, 4.0, 0.0]], hidden: vec![] };
    assert_eq!(tag.place(2.0), Some(([2.0, 0.0], 2.0)));
    assert_eq!(tag.place(0.9), None);
    assert_eq!(tag.place(3.0), None);
}
