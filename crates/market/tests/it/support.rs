//! Markets for the tests.

use market::{Bar, BarSize, Event, EventContent, Simulator, SimulatorSettings};

/// The settings of these symbols and days, written as flags are.
pub(crate) fn settings(symbols: &[&str], bar: &str, from: &str, to: &str) -> SimulatorSettings {
    SimulatorSettings {
        seed: 7,
        symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
        bar: bar.parse::<BarSize>().unwrap(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        ..SimulatorSettings::default()
    }
}

/// All events of these settings.
pub(crate) fn events(settings: &SimulatorSettings) -> Vec<Event> {
    Simulator::new(settings).unwrap().collect()
}

/// The records, one a line.
pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(line).collect()
}

pub(crate) fn line(event: &Event) -> String {
    let mut out = Vec::new();
    event.append_json(&mut out);
    String::from_utf8(out).unwrap()
}

/// The bar of an event that is one.
#[track_caller]
pub(crate) fn bar(event: &Event) -> &Bar {
    match event.content() {
        EventContent::Bar(bar) => bar,
        other => panic!("{other:?} is no bar"),
    }
}
