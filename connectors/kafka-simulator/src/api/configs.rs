//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs: of topics; of the broker a few to look at.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::topics::refused;
use crate::core::{Core, NODE};
use crate::topics::{KNOWN, SettingType, Settings, TopicError};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// Where a setting comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Topic,
    StaticBroker,
    Default,
}

/// Kafka's number for it.
pub(super) fn config_source(source: Source) -> i8 {
    match source {
        Source::Topic => 1,
        Source::StaticBroker => 4,
        Source::Default => 5,
    }
}

/// The settings of topics, set or by default.
pub(crate) fn describe_configs(core: &Core, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|wanted| {
        let answer = DescribeConfigsResult::default()
            .with_resource_type(wanted.resource_type)
            .with_resource_name(wanted.resource_name.clone());
        match describe(core, &wanted) {
            Ok(configs) => {
                let asked = |config: &DescribeConfigsResourceResult| {
                    let keys = wanted.configuration_keys.as_deref().unwrap_or_default();
                    keys.is_empty() || keys.contains(&config.name)
                };
                answer.with_configs(configs.into_iter().filter(asked).collect())
            }
            Err((code, message)) => answer.with_error_code(code).with_error_message(Some(message)),
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

type Refused = (i16, StrBytes);

fn describe(
    core: &Core,
    wanted: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    match wanted.resource_type {
        TOPIC => {
            let topic = core.topics.by_name(&wanted.resource_name).ok_or(TopicError::Unknown);
            let settings = topic.map_err(|error| refused(&error))?.settings();
            let config = |known: &crate::topics::Setting| {
                let set = settings.is_set(known.name);
                result(known.name, settings.value(known), if set { Source::Topic } else { Source::Default })
                    .with_config_type(config_type(known.kind))
            };
            Ok(KNOWN.iter().map(config).collect())
        }
        BROKER if wanted.resource_name.as_str() == NODE.to_string() => {
            let partitions = core.auto_create_partitions;
            let read_only =
                |name: &str, value: String| result(name, &value, Source::StaticBroker).with_read_only(true);
            Ok(vec![
                read_only("broker.id", NODE.to_string()),
                read_only("auto.create.topics.enable", (partitions > 0).to_string()),
                read_only("num.partitions", partitions.max(1).to_string()),
                read_only("default.replication.factor", "1".to_owned()),
            ])
        }
        // What holds for all brokers of a cluster, where nothing was changed.
        BROKER if wanted.resource_name.is_empty() => Ok(Vec::new()),
        _ => Err((
            ResponseError::InvalidRequest.code(),
            StrBytes::from_static_str("This broker knows the settings of topics, and its own under its id."),
        )),
    }
}

fn result(name: &str, value: &str, source: Source) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_string(name.to_owned()))
        .with_value(Some(StrBytes::from_string(value.to_owned())))
        .with_config_source(config_source(source))
}

/// Kafka's number for the type of a setting.
fn config_type(kind: SettingType) -> i8 {
    match kind {
        SettingType::Boolean => 1,
        SettingType::Word(_) => 2,
        SettingType::Int(_) => 3,
        SettingType::Long(_) => 5,
        SettingType::Ratio => 6,
        SettingType::List(_) => 7,
    }
}

/// Replaces the settings of topics.
pub(crate) fn alter_configs(core: &Core, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let responses = request.resources.into_iter().map(|wanted| {
        let altered =
            changed(core, wanted.resource_type, &wanted.resource_name, request.validate_only, |settings| {
                *settings = Settings::default();
                wanted
                    .configs
                    .iter()
                    .try_for_each(|config| set(settings, &config.name, config.value.as_ref()))
            });
        let (code, message) = outcome(altered);
        AlterConfigsResourceResponse::default()
            .with_resource_type(wanted.resource_type)
            .with_resource_name(wanted.resource_name)
            .with_error_code(code)
            .with_error_message(message)
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}

/// Changes some settings of topics and leaves the others.
pub(crate) fn incremental_alter_configs(
    core: &Core,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.into_iter().map(|wanted| {
        let altered =
            changed(core, wanted.resource_type, &wanted.resource_name, request.validate_only, |settings| {
                wanted.configs.iter().try_for_each(|config| apply(settings, config))
            });
        let (code, message) = outcome(altered);
        IncrementalResponse::default()
            .with_resource_type(wanted.resource_type)
            .with_resource_name(wanted.resource_name)
            .with_error_code(code)
            .with_error_message(message)
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

/// Sets one; there is no such value as none.
pub(super) fn set(settings: &mut Settings, name: &str, value: Option<&StrBytes>) -> Result<(), String> {
    match value {
        Some(value) => settings.set(name, value),
        None => Err(format!("Null value not supported for topic configs: {name}")),
    }
}

fn apply(settings: &mut Settings, config: &AlterableConfig) -> Result<(), String> {
    let value = config.value.as_ref().map_or("", |value| value.as_str());
    match config.config_operation {
        SET => set(settings, &config.name, config.value.as_ref()),
        DELETE => {
            settings.unset(&config.name);
            Ok(())
        }
        APPEND => settings.change_list(&config.name, value, true),
        SUBTRACT => settings.change_list(&config.name, value, false),
        other => Err(format!("Unknown operation {other} for configuration {}", config.name.as_str())),
    }
}

fn changed(
    core: &Core,
    resource_type: i8,
    name: &str,
    only_check: bool,
    change: impl FnOnce(&mut Settings) -> Result<(), String>,
) -> Result<(), TopicError> {
    if resource_type != TOPIC {
        return Err(TopicError::Setting("only the settings of topics can be changed here".to_owned()));
    }
    core.topics.configure(name, only_check, change)
}

fn outcome(altered: Result<(), TopicError>) -> (i16, Option<StrBytes>) {
    match altered {
        Ok(()) => (0, None),
        Err(error) => {
            let (code, message) = refused(&error);
            (code, Some(message))
        }
    }
}
