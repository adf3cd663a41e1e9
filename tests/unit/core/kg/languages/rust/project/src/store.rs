pub mod cache;

pub struct Store;

pub fn open(name: &str) -> Store {
    self::cache::Cache::default();
    Store
}

impl Store {
    pub fn get<T>(&self, key: &str) {}
}
