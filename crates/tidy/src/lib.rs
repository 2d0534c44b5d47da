//! The rules of the house and the files around the programs, as tests beside this folder; and
//! [`servers`], in which end-to-end tests say what they ran on.

pub mod servers;
