//! How often an org was logged in to.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::world::World;

#[tokio::test]
async fn each_login_is_counted_by_what_became_of_it() {
    let world = World::start().await;
    let first = world.org.logins();
    assert_eq!((first.granted, first.refused, first.failed), (1, 0, 0));
    world.sandbox.expire_tokens();
    world.org.refresh(&world.org.token()).await.unwrap();
    let second = world.org.logins();
    assert_eq!((second.granted, second.refused, second.failed), (2, 0, 0));
    assert!(second.last > first.last);
    let error = Effect::Answer { status: 503, code: "server_error".to_owned(), message: String::new() };
    let fault = world.sandbox.faults().add(Fault::new(CallKind::Token, error));
    assert!(world.org.refresh(&world.org.token()).await.is_err());
    let third = world.org.logins();
    assert_eq!((third.granted, third.refused, third.failed), (2, 0, 1));
    assert_eq!(third.last, second.last, "the token in use is that of the second");
    assert!(world.sandbox.faults().remove(fault));
}
