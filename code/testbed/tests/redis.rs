use testbed::redis::Redis;

#[test]
#[ignore = "needs redis-server"]
fn each_redis_is_private_and_comes_back_after_a_crash_with_what_it_kept() {
    let (mut one, two) = (
        Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]),
        Redis::start_on_port(&[]),
    );
    let () = one.command("SET key 1");
    assert_eq!(two.command::<Option<u32>>("GET key"), None);
    assert!(one.commands() >= 1);
    one.kill();
    one.restart();
    assert_eq!(one.command::<u32>("GET key"), 1);
    let url = format!("redis://127.0.0.1:{}", two.port());
    redis::Client::open(url).unwrap().get_connection().unwrap();
}
