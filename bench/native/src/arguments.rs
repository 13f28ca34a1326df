use crate::plan::{Plan, Spinning};
use crate::scenarios;
use std::path::PathBuf;

pub type Scenario = fn(&Plan);

const SCENARIOS: [(&str, Scenario); 12] = [
    ("many-partitions", scenarios::many_partitions::run),
    ("append-page-cache", scenarios::append_page_cache::run),
    ("append-latency", scenarios::append_latency::run),
    ("read-hot", scenarios::read::run_hot),
    ("read-warm", scenarios::read::run_warm),
    ("read-cold", scenarios::read::run_cold),
    ("cold-send", scenarios::cold_send::run),
    ("local-send", scenarios::local_send::run),
    ("reopen", scenarios::reopen::run),
    ("recovery", scenarios::reopen::run_recovery),
    ("retention", scenarios::retention::run),
    ("idle-partitions", scenarios::idle_partitions::run),
];

const USAGE: &str = "usage: millrace-bench SCENARIO --directory DIR [--case NAME]… [--spinners off|on|both] [--quick]";

/// # Errors
/// A sentence for whoever typed it.
pub fn parse(arguments: &[String]) -> Result<(Scenario, Plan), String> {
    let (name, rest) = arguments.split_first().ok_or(USAGE)?;
    let names: Vec<&str> = SCENARIOS.iter().map(|(known, _)| *known).collect();
    let scenario = SCENARIOS.iter().find(|(known, _)| known == name);
    let (_, scenario) = scenario.ok_or_else(|| format!("no scenario {name}: one of {}\n{USAGE}", names.join(", ")))?;
    let mut plan =
        Plan { directory: PathBuf::new(), cases: Vec::new(), spinners: vec![Spinning::Off, Spinning::On], is_quick: false };
    let mut rest = rest.iter();
    while let Some(option) = rest.next() {
        let mut value = || rest.next().map(String::as_str).ok_or_else(|| format!("{option} wants a value\n{USAGE}"));
        match option.as_str() {
            "--directory" => plan.directory = PathBuf::from(value()?),
            "--case" => plan.cases.push(value()?.to_owned()),
            "--spinners" => plan.spinners = spinning(value()?)?,
            "--quick" => plan.is_quick = true,
            _ => return Err(format!("unknown option {option}\n{USAGE}")),
        }
    }
    if plan.directory.as_os_str().is_empty() {
        return Err(USAGE.to_owned());
    }
    Ok((*scenario, plan))
}

fn spinning(value: &str) -> Result<Vec<Spinning>, String> {
    match value {
        "off" => Ok(vec![Spinning::Off]),
        "on" => Ok(vec![Spinning::On]),
        "both" => Ok(vec![Spinning::Off, Spinning::On]),
        _ => Err(USAGE.to_owned()),
    }
}
