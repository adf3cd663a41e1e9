use super::Store;

#[derive(Default)]
pub struct Cache {
    store: Store,
}

impl Cache {
    pub fn clear(&self) {
        self.store.get::<u8>("all");
        super::open("again");
        crate::store::open("more");
    }
}

impl super::super::Priced for Store {
    fn price(&self) -> u64 {
        self.get::<u8>("price");
        0
    }
}
