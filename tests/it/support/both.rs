//! Scenarios that must hold on Apache Kafka with a registry, and with everything embedded.

/// Makes two tests of a scenario. It is given the builder of its world and the kind of broker.
macro_rules! on_both_brokers {
    ($($(#[$attribute:meta])* async fn $name:ident($builder:ident: WorldBuilder, $kind:ident: Kind) $body:block)+) => {
        $(mod $name {
            use super::*;
            use $crate::support::{Kind, WorldBuilder};

            async fn scenario($builder: WorldBuilder, $kind: Kind) $body

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread")]
            async fn on_apache_kafka() {
                scenario(World::builder(), Kind::Apache).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_embedded_broker() {
                scenario(World::builder().embedded(), Kind::Embedded).await;
            }
        })+
    };
}

pub(crate) use on_both_brokers;
