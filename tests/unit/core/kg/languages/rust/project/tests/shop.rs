use shop_kit::store::open;

#[test]
fn it_opens() {
    open("test").get::<u8>("x");
    assert!(shop_kit::store::open("y").is_free());
}
