//! What the commands share that look through a landing zone: what the zone says of itself, its
//! keys, bodies within a bound of memory, and whether an object is what it says.
//!
//! Not here: what a command makes of it. Invariant: nothing here writes.

pub(crate) mod body;
pub(crate) mod keys;
pub(crate) mod lines;
pub(crate) mod offset_set;
pub(crate) mod proof;
pub(crate) mod zone_facts;
