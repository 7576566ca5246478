//! Objects that change while they are replicated: fields that come, go, and come back with another type.

use std::time::Duration;

use orgstream_api::record::header;
use serde_json::{Value as Json, json};

use crate::support::{World, on_both_brokers};

fn number() -> Json {
    json!({ "type": "Number", "label": "Size", "precision": 8, "scale": 0, "required": false })
}

fn text() -> Json {
    json!({ "type": "Text", "label": "Size", "length": 40, "required": false })
}

/// Changes the lead again and again until what the newest record carries is as wanted. Descriptions are read from time to
/// time, and a record that is read before knows nothing of a new field.
async fn until_carried(world: &World, lead: &str, fields: Json, wanted: impl Fn(&str) -> bool) {
    let topic = world.topic("Lead");
    let mut newest = String::new();
    for round in 0..60 {
        let mut fields = fields.clone();
        fields["Company"] = json!(format!("Acme {round}"));
        world.in_a.update("Lead", lead, fields).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let records = world.read(&topic).await;
        let last = records.iter().max_by_key(|record| record.at.offset);
        last.and_then(|last| last.headers.text(header::CARRIED)).unwrap_or_default().clone_into(&mut newest);
        if newest.contains("LastName") && wanted(&newest) {
            return;
        }
    }
    panic!("the newest record carries {newest}");
}

on_both_brokers! {
    async fn fields_come_and_go_and_change_their_type_and_the_source_goes_on(builder: WorldBuilder, _kind: Kind) {
        let world = builder.source_only().partitions(1).objects("Lead:").source("describe_every: 500ms");
        let Some(world) = world.build().await else { return };
        let has_size = |carried: &str| carried.contains("\"Size__c\"");
        world.prime().await;
        let lead = world.in_a.create("Lead", json!({ "LastName": "Lee", "Company": "Acme" })).await;
        let mut running = world.run(&[]);
        until_carried(&world, &lead, json!({}), |carried| !has_size(carried)).await;

        let size = world.in_a.create_field("Lead.Size__c", number()).await;
        until_carried(&world, &lead, json!({ "Size__c": 4 }), has_size).await;
        world.in_a.delete_field(&size).await;
        until_carried(&world, &lead, json!({}), |carried| !has_size(carried)).await;

        // The registry has a number under this name, and so have the records.
        world.in_a.create_field("Lead.Size__c", text()).await;
        until_carried(&world, &lead, json!({ "Size__c": "7" }), has_size).await;
        until_carried(&world, &lead, json!({ "Size__c": "many" }), |carried| !has_size(carried)).await;
        assert!(running.alive());
        let ended = running.terminate().await;
        assert!(ended.stderr.contains("`Size__c` is string in the org now and double in its records"), "{}", ended.stderr);
        assert!(ended.stderr.contains("{ Size__c_2: { from: Size__c } }"), "{}", ended.stderr);

        // A restart has not forgotten, and the other name brings the org's type.
        let ended = world.sync().await.expect_code(0);
        assert!(ended.stderr.contains("in its records"), "{}", ended.stderr);
        world.edit("Lead:", "Lead: { source: { fields: { Size__c_2: { from: Size__c } } } }");
        let mut running = world.run(&[]);
        until_carried(&world, &lead, json!({ "Size__c": "many" }), |carried| carried.contains("\"Size__c_2\"")).await;
        assert!(running.alive());
        let ended = running.terminate().await;
        assert!(!ended.stderr.contains("in its records"), "{}", ended.stderr);
    }
}
