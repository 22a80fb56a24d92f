//! Wrong: a query only counts visitors, so it goes as a whole.

/// The one spelling of an address.
fn normal(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    address[..end].to_owned()
}

fn main() {}
