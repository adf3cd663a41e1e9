//! A shop.
pub mod store;
mod missing;

use std::{
    collections::HashMap,
    fmt::{self, Display as Show},
};

use crate::store::{cache::Cache, open, Store};

pub const LIMIT: usize = 3;

/// What somebody buys.
#[derive(Debug, Clone)]
pub struct Order<T> {
    items: Vec<T>,
    store: Store,
}

pub enum State {
    Open,
    Paid(u32),
}

pub trait Priced: fmt::Debug + Named {
    /// In cents.
    fn price(&self) -> u64;

    fn is_free(&self) -> bool {
        self.price() == 0
    }
}

trait Named {}

macro_rules! twice {
    ($e:expr) => {
        $e + $e
    };
}

impl<T: Priced> Order<T> {
    pub fn new(store: Store) -> Self {
        Self { items: Vec::new(), store }
    }

    pub fn total(&self, times: u64) -> u64 {
        let sum: u64 = self.items.iter().map(|item| item.price()).sum();
        let rate = |x: u64| x * 2;
        self.check();
        self.store.get::<u64>("a");
        println!("{}", self.check());
        twice!(rate(sum)) + helper::<u64>(times)
    }

    fn check(&self) {}
}

impl<T> Show for Order<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", LIMIT)
    }
}

impl<T> Priced for Order<T> {
    fn price(&self) -> u64 {
        <Self as Priced>::is_free(self);
        Order::<T>::check(self);
        1
    }
}

impl Priced for HashMap<String, u64> {
    fn price(&self) -> u64 {
        self.is_free() as u64
    }
}

async fn helper<N>(n: N) -> N {
    let store = open("a");
    store.get::<N>("b");
    let cache = Cache::default();
    cache.clear();
    std::mem::drop(store::open("c"));
    unknown(n)
}

mod tests {
    use super::*;

    #[test]
    fn it_adds_up() {
        let order = Order::new(open("x"));
        assert_eq!(order.total(1), super::helper(2));
    }
}
