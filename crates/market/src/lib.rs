//! A stock market without a stock market: days, minutes and trades from a seed, and the minutes and
//! trades inside days that are known only by their open, high, low, close and volume.
//!
//! Pure: no clock, no files, no chance but the seed. The same seed gives the same bytes on every
//! machine: random numbers come from ChaCha8, exponentials and logarithms from `libm`, and all
//! prices and volumes are whole numbers from the moment they are drawn. The README describes the
//! model and its sources.
//!
//! ```
//! use market::{Simulator, SimulatorSettings};
//!
//! let settings = SimulatorSettings {
//!     seed: 7,
//!     symbols: vec!["HSI".to_owned(), "NYA".to_owned()],
//!     bar: "1m".parse().unwrap(),
//!     from: "2020-12-24".parse().unwrap(),
//!     to: "2020-12-24".parse().unwrap(),
//!     ..SimulatorSettings::default()
//! };
//! let events: Vec<_> = Simulator::new(&settings).unwrap().collect();
//! // Half a day in Hong Kong (150 minutes), and then one in New York (210).
//! assert_eq!(events.len(), 360);
//! let (first, last) = (&events[0], &events[359]);
//! assert_eq!((first.symbol(), last.symbol()), ("HSI", "NYA"));
//! assert!(first.time_ms() < last.time_ms());
//!
//! let mut json = Vec::new();
//! first.append_json(&mut json);
//! assert!(json.starts_with(br#"{"Index":"HSI","Date":"2020-12-24 01:30:00.000","Open":"#));
//! ```
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod bar_size;
mod bridge;
mod calendar;
mod daily;
mod event;
mod exact_decimal;
mod intraday;
mod play;
mod random;
mod simulator;
mod symbol;

pub use bar_size::{BarMinutes, BarSize, UnknownBarSize};
pub use bridge::{Bridge, BridgeError, DailyBar};
pub use calendar::{Exchange, Session, SessionPart};
pub use event::{Bar, Event, EventContent, EventDate, Quote, Trade};
pub use exact_decimal::ExactDecimal;
pub use simulator::{SettingsError, Simulator, SimulatorSettings};
pub use symbol::{INDEX_SYMBOLS, exchange_of};
