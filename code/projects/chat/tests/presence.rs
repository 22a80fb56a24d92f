//! Leases, counted by moments.

use std::time::Duration;

use chat::name::Name;
use chat::room::presence::{GRACE, LEASE, Presence, TYPING};
use tokio::time::Instant;

fn ann() -> Name {
    Name::try_from("ann").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_short_reconnect_changes_nothing() {
    let (mut presence, start) = (Presence::default(), Instant::now());
    presence.arrive(&ann(), start);
    assert_eq!(presence.take_changes(), (true, false));
    for tenth in 0..20 {
        let now = start + GRACE / 10 * tenth;
        presence.lose(&ann(), now);
        presence.expire(now + GRACE / 20);
        presence.arrive(&ann(), now + GRACE / 20);
    }
    assert_eq!(presence.take_changes(), (false, false));
}

#[tokio::test(start_paused = true)]
async fn with_two_devices_one_may_leave() {
    let (mut presence, start) = (Presence::default(), Instant::now());
    presence.arrive(&ann(), start);
    presence.arrive(&ann(), start);
    presence.leave(&ann(), start);
    presence.expire(start + LEASE);
    assert_eq!(presence.here(9).1, 1);
    presence.leave(&ann(), start + LEASE);
    assert_eq!(presence.here(9).1, 0);
}

#[tokio::test(start_paused = true)]
async fn people_of_a_silent_server_are_gone_after_their_lease() {
    let (mut presence, start) = (Presence::default(), Instant::now());
    presence.alive_elsewhere(&ann(), start);
    presence.expire(start + LEASE - Duration::from_millis(1));
    assert_eq!(presence.here(9).1, 1);
    presence.expire(start + LEASE);
    assert_eq!(presence.here(9).1, 0);
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_seldom_and_ends_by_itself() {
    let (mut presence, start) = (Presence::default(), Instant::now());
    presence.arrive(&ann(), start);
    let keys = (0..100).map(|key| start + Duration::from_millis(50) * key);
    let told = keys.filter(|now| presence.types(&ann(), *now)).count();
    assert_eq!(told, 2); // in five seconds
    presence.expire(start + TYPING * 2);
    assert_eq!(presence.typing(9), []);
}
