//! Holds no code: the tests beside this folder check the rules of the house and the files around
//! the programs.
