//! Settings of topics.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_request::{
    AlterConfigsResource as Replaced, AlterableConfig as Replacement,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::{AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest};
use kafka_protocol::protocol::StrBytes;
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{batch, make, produce_request};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;

const FROM_TOPIC: i8 = 1;
const BY_DEFAULT: i8 = 5;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

async fn described(
    client: &mut Client,
    kind: i8,
    name: &str,
    keys: Option<&[&str]>,
) -> Vec<DescribeConfigsResourceResult> {
    let wanted = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(keys.map(|keys| keys.iter().map(|key| text(key)).collect()));
    let mut response = client.call(4, &DescribeConfigsRequest::default().with_resources(vec![wanted])).await;
    let result = response.results.remove(0);
    assert_eq!(result.error_code, 0);
    result.configs
}

async fn setting(client: &mut Client, name: &str) -> (String, i8) {
    let one = described(client, TOPIC, "t", Some(&[name])).await.remove(0);
    (one.value.unwrap().as_str().to_owned(), one.config_source)
}

async fn change(client: &mut Client, changes: &[(i8, &str, Option<&str>)]) -> i16 {
    let changes = changes.iter().map(|(operation, name, value)| {
        AlterableConfig::default()
            .with_config_operation(*operation)
            .with_name(text(name))
            .with_value(value.map(text))
    });
    let resource = AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text("t"))
        .with_configs(changes.collect());
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    client.call(1, &request).await.responses[0].error_code
}

#[tokio::test]
async fn settings_are_what_was_set_or_the_default() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    assert!(described(&mut client, TOPIC, "t", None).await.len() > 15);
    assert!(described(&mut client, TOPIC, "t", Some(&[])).await.len() > 15);
    assert_eq!(setting(&mut client, "retention.ms").await, ("604800000".to_owned(), BY_DEFAULT));
    let changes = [(SET, "retention.ms", Some("1000")), (APPEND, "cleanup.policy", Some("compact"))];
    assert_eq!(change(&mut client, &changes).await, 0);
    assert_eq!(setting(&mut client, "retention.ms").await, ("1000".to_owned(), FROM_TOPIC));
    assert_eq!(setting(&mut client, "cleanup.policy").await, ("delete,compact".to_owned(), FROM_TOPIC));
    assert_eq!(change(&mut client, &[(DELETE, "retention.ms", None)]).await, 0);
    assert_eq!(setting(&mut client, "retention.ms").await.1, BY_DEFAULT);
    assert_eq!(setting(&mut client, "cleanup.policy").await.1, FROM_TOPIC);
    // The older request replaces all of them.
    let replaced =
        Replaced::default().with_resource_type(TOPIC).with_resource_name(text("t")).with_configs(vec![
            Replacement::default().with_name(text("segment.ms")).with_value(Some(text("5000"))),
        ]);
    let response = client.call(2, &AlterConfigsRequest::default().with_resources(vec![replaced])).await;
    assert_eq!(response.responses[0].error_code, 0);
    assert_eq!(setting(&mut client, "cleanup.policy").await.1, BY_DEFAULT);
    assert_eq!(setting(&mut client, "segment.ms").await, ("5000".to_owned(), FROM_TOPIC));
    let port = described(&mut client, BROKER, "1", Some(&["broker.id"])).await.remove(0);
    assert_eq!(port.value.unwrap().as_str(), "1");
    broker.stop().await;
}

#[tokio::test]
async fn a_change_with_one_bad_setting_changes_nothing() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let bad = [
        (SET, "no.such.setting", Some("1")),
        (SET, "cleanup.policy", Some("shred")),
        (SET, "cleanup.policy", Some("")),
        (SET, "retention.bytes", Some("-2")),
        (SET, "segment.bytes", Some("99999999999")),
        (SET, "min.cleanable.dirty.ratio", Some("1.5")),
        (SET, "preallocate", Some("perhaps")),
        (SET, "retention.ms", None),
        (APPEND, "retention.ms", Some("1")),
        (9, "retention.ms", Some("1")),
    ];
    for bad in bad {
        let code = change(&mut client, &[(SET, "flush.ms", Some("5")), bad]).await;
        assert_eq!(code, ResponseError::InvalidConfig.code(), "{bad:?}");
    }
    assert_eq!(setting(&mut client, "flush.ms").await.1, BY_DEFAULT);
    broker.stop().await;
}

#[tokio::test]
async fn settings_hold_from_the_next_record_on_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let changes =
        [(SET, "max.message.bytes", Some("80")), (SET, "cleanup.policy", Some(" compact ,delete\n"))];
    assert_eq!(change(&mut client, &changes).await, 0);
    let too_large = produce_request("t", 0, -1, batch(&["much more than eighty bytes with the header"]));
    let code = client.call(9, &too_large).await.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::MessageTooLarge.code());
    broker.stop().await;
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    assert_eq!(setting(&mut client, "cleanup.policy").await, ("compact,delete".to_owned(), FROM_TOPIC));
    let code = client.call(9, &too_large).await.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::MessageTooLarge.code());
    broker.stop().await;
}
