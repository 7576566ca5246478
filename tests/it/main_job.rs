//! The main job: an unmodified jsforce works in org A, and org B follows, through Apache Kafka and a registry.

use serde_json::Value as Json;

use crate::support::{Sandbox, WorldBuilder, peer_install, run_script};

#[tokio::test(flavor = "multi_thread")]
async fn what_jsforce_does_in_org_a_is_in_org_b_afterwards_down_to_the_last_field() {
    let Some(modules) = peer_install("jsforce/install.sh") else { return };
    let (a, b) = (Sandbox::start("a"), Sandbox::start("b"));
    let Some(world) = WorldBuilder::default().between(&a, &b) else { return };
    let running = world.run(&[]);
    let done = run_script(
        "node",
        &["jsforce/scenario.js", "run", "--config", &a.line],
        &[("NODE_PATH", modules.as_str())],
    )
    .await;
    let done: Json = serde_json::from_str(&done).expect("the scenario prints JSON");
    for object in ["Account", "Contact", "Lead"] {
        assert_eq!(done["created"][object].as_array().map(Vec::len), Some(500), "{object}");
        for kind in ["updated", "deleted", "undeleted"] {
            assert!(
                done[kind][object].as_array().is_some_and(|ids| !ids.is_empty()),
                "no {object} was {kind}"
            );
        }
    }
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    for object in ["Account", "Contact", "Lead"] {
        let living = |line: &str| {
            let (line, modules) = (line.to_owned(), modules.clone());
            async move {
                run_script(
                    "node",
                    &["jsforce/scenario.js", "count", "--config", &line, object],
                    &[("NODE_PATH", &modules)],
                )
                .await
            }
        };
        assert_eq!(living(&a.line).await, living(&b.line).await, "{object}");
    }
    assert_eq!(world.dead_letters().await, []);
}
