//! What a measurement says, one JSON object per line on stdout.

use std::collections::BTreeMap;

/// One measured thing: names and numbers. Built by a scenario, judged and shown by bench/report.ts.
#[derive(Clone, Debug)]
pub struct Figure {
    texts: BTreeMap<&'static str, String>,
    numbers: BTreeMap<String, f64>,
}

impl Figure {
    #[must_use]
    pub fn new(scenario: &str, case: &str) -> Self {
        let texts = BTreeMap::from([("scenario", scenario.to_owned()), ("case", case.to_owned())]);
        Self { texts, numbers: BTreeMap::new() }
    }

    #[must_use]
    pub fn text(mut self, name: &'static str, value: &str) -> Self {
        self.texts.insert(name, value.to_owned());
        self
    }

    #[must_use]
    pub fn number(mut self, name: &str, value: f64) -> Self {
        self.numbers.insert(name.to_owned(), value);
        self
    }

    pub fn print(&self) {
        let texts = self.texts.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
        let numbers = self.numbers.iter().map(|(name, value)| format!("{}:{}", quoted(name), plain(*value)));
        let fields: Vec<String> = texts.chain(numbers).collect();
        println!("{{{}}}", fields.join(","));
    }
}

fn quoted(text: &str) -> String {
    let escaped: String = text.chars().flat_map(char::escape_default).collect();
    format!("\"{escaped}\"")
}

fn plain(value: f64) -> String {
    if !value.is_finite() {
        return "null".to_owned();
    }
    format!("{}", (value * 10_000.0).round() / 10_000.0)
}

/// The middle one; of an even number the mean of the two in the middle.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }

    #[test]
    fn numbers_are_json() {
        assert_eq!((plain(1.0), plain(0.333_333), plain(f64::NAN)), ("1".into(), "0.3333".into(), "null".into()));
        assert_eq!(quoted("a\"b"), "\"a\\\"b\"");
    }
}
