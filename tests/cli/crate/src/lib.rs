//! A crate that hands parcels over.

pub mod admission;
pub mod facts;

pub mod handover {
    use aura_macros::tell;

    tell!(include_str!("src/protocols/handover.tell"));
}

pub mod receipt {
    aura_macros::tell! { include_str!("src/protocols/receipt.tell") }
}
