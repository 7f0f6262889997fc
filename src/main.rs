//! The `alpinist` program.

fn main() {}
