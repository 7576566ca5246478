//! What values mean in the file.

use super::*;

#[test]
fn a_push_topic_source_says_all_that_its_properties_say() {
    assert_keys(
        Kind::PushTopic,
        "salesforce.push.topic.notify.delete=false\nsalesforce.push.topic.create=false\nconnection.max.message.size=10048576\n\
         topic.creation.default.partitions=3\ntopic.creation.default.replication.factor=1\nsalesforce.version=62\n",
        &[
            "topic: leads",
            "topic_lowercase: true",
            "start: latest",
            "name: Leads",
            "notify: [create, update, undelete]",
            "manage: never",
            "max_response: \"10048576B\"",
            "partitions: 3",
            "replication_factor: 1",
            "api_version: \"62.0\"",
            "bootstrap_servers: \"broker:9092\"",
            "url: \"http://registry:8081\"",
            "state: \"/var/lib/connect/offsets.orgstream\"",
        ],
    );
    assert_keys(
        Kind::PushTopic,
        "salesforce.initial.start=ALL\n",
        &["start: earliest", "manage: create", "api_version: latest"],
    );
    assert_keys(
        Kind::PushTopic,
        "kafka.topic=org.${_ObjectType}.${_EventType}\nkafka.topic.lowercase=false\n",
        &["topic: \"org.${_ObjectType}.${_EventType}\"", "topic_lowercase: false"],
    );
}

#[test]
fn change_events_keep_their_form() {
    let event = ["channel: cdc", "records: event", "every: \"off\"", "on_gap: earliest", "Lead: {}"];
    assert_keys(Kind::Cdc, "", &event);
    assert_keys(Kind::Cdc, "salesforce.cdc.channel=Order__ChangeEvent\n", &["Order__c: {}"]);
    assert_keys(
        Kind::Cdc,
        "salesforce.cdc.channel=ChangeEvents\nsalesforce.channel.entities=LeadChangeEvent, Contact\n\
         kafka.topic=cdc.${_ObjectType}\ninvalid.replay.id.behaviour=latest\nconvert.changed.fields=true\n",
        &[
            "channel: ChangeEvents",
            "Lead: {}",
            "Contact: {}",
            "on_gap: latest",
            "convert_changed_fields: true",
        ],
    );
    assert_refused(
        Kind::Cdc,
        "salesforce.cdc.channel=Sales__chn\n",
        "salesforce.cdc.channel",
        "`salesforce.channel.entities`",
    );
    assert_keys(Kind::PlatformEvent, "", &["Order__e:", "topic: orders", "on_gap: earliest"]);
}

#[test]
fn each_way_to_log_in_is_the_same_way_here() {
    let password = "salesforce.grant.type=PASSWORD\nsalesforce.username=u\nsalesforce.password=p \n\
                    salesforce.password.token=t\nsalesforce.instance=https://test.salesforce.com\n";
    assert_keys(
        Kind::Sink,
        password,
        &[
            "flow: password",
            "client_id: key",
            "username: u",
            "client_secret: \"${env:C_SALESFORCE_CONSUMER_SECRET}\"",
            "password: \"${env:C_SALESFORCE_PASSWORD}\"",
            "security_token: \"${env:C_SALESFORCE_PASSWORD_TOKEN}\"",
        ],
    );
    let (translation, _) = translated(Kind::Sink, password);
    // Kafka Connect takes values without the blanks around them, passwords too.
    assert_eq!(variables(&translation)["C_SALESFORCE_PASSWORD"], "p");
    for secret in ["hush", "p\n", "\"t\""] {
        assert!(!translation.text.contains(&format!(": {secret}")), "{}", translation.text);
    }
    assert_refused(
        Kind::Sink,
        "salesforce.grant.type=PASSWORD\n",
        "salesforce.password",
        "PASSWORD needs it",
    );
    assert_refused(
        Kind::Sink,
        "salesforce.grant.type=JWT_BEARER\n",
        "salesforce.jwt.keystore.path",
        "JWT_BEARER needs it",
    );
    assert_refused(
        Kind::Sink,
        "salesforce.instance=https://login.salesforce.com\n",
        "salesforce.instance",
        "My Domain",
    );
    let jwt = "salesforce.grant.type=JWT_BEARER\nsalesforce.username=u\nsalesforce.jwt.keystore.path=nowhere.jks\n\
               salesforce.jwt.keystore.password=hush\n";
    assert_refused(Kind::Sink, jwt, "salesforce.jwt.keystore.path", "nowhere.jks");
}

#[test]
fn a_proxy_is_asked_in_the_same_way() {
    assert_keys(Kind::PushTopic, "http.proxy=proxy:3128\n", &["url: \"http://proxy:3128\""]);
    assert_keys(
        Kind::Sink,
        "http.proxy=proxy:3128\nhttp.proxy.auth.scheme=BASIC\nhttp.proxy.user=u\nhttp.proxy.password=p\n",
        &["username: u", "password: \"${env:C_HTTP_PROXY_PASSWORD}\""],
    );
    assert_refused(
        Kind::Sink,
        "http.proxy=p:1\nhttp.proxy.auth.scheme=NTLM\n",
        "http.proxy.auth.scheme",
        "no NTLM",
    );
}

#[test]
fn an_address_with_a_user_in_it_is_refused_and_not_shown() {
    for (property, value) in [
        ("http.proxy", "proxy-user:proxy-hush@proxy:3128"),
        ("http.proxy", "http://proxy-user:proxy-hush@proxy:3128"),
        ("salesforce.instance", "https://u:proxy-hush@acme.my.salesforce.com"),
    ] {
        let text = format!("{property}={value}\n");
        assert_refused(Kind::PushTopic, &text, property, "holds a user before its host");
        let (translation, _) = translated(Kind::PushTopic, &text);
        let said: String = translation.findings.iter().map(Finding::to_string).collect();
        assert!(!format!("{}{said}", translation.text).contains("proxy-hush"), "{}{said}", translation.text);
    }
    assert_keys(Kind::PushTopic, "http.proxy=proxy:3128/a@b\n", &[]);
}

#[test]
fn a_sink_does_what_the_event_or_the_operation_says() {
    assert_keys(Kind::Sink, "", &["operation: by_event_type", "default: stop", "topic: leads"]);
    let custom = "salesforce.use.custom.id.field=true\nsalesforce.custom.id.field.name=CustomId__c\n";
    for operation in ["insert", "update", "upsert", "delete"] {
        assert_keys(
            Kind::Sink,
            &format!(
                "override.event.type=true\nsalesforce.sink.object.operation={}\n{custom}",
                operation.to_uppercase()
            ),
            &[&format!("operation: {operation}"), "external_id: CustomId__c"],
        );
    }
    assert_refused(
        Kind::Sink,
        "override.event.type=true\nsalesforce.sink.object.operation=upsert\n",
        "salesforce.sink.object.operation",
        "external id",
    );
    assert_refused(
        Kind::Sink,
        "salesforce.use.custom.id.field=true\n",
        "salesforce.custom.id.field.name",
        "is true",
    );
    assert_keys(
        Kind::Sink,
        "salesforce.ignore.fields=CleanStatus, Jigsaw\nsalesforce.ignore.reference.fields=TRUE\ntasks.max=3\n\
         request.max.retries.time.ms=20000\nbehavior.on.null.record=ignore\nignore.null.fields=false\n",
        &[
            "ignore_fields: [CleanStatus, Jigsaw]",
            "ignore_reference_fields: true",
            "tasks: 3",
            "retry_for: \"20000ms\"",
            "on_null: skip",
            "nulls: write",
        ],
    );
}

#[test]
fn refused_and_unreadable_records_end_as_the_properties_say() {
    assert_keys(
        Kind::Sink,
        "behavior.on.api.errors=log\n",
        &["default: dead_letter", "UNREADABLE_VALUE: stop"],
    );
    assert_keys(Kind::Sink, "behavior.on.api.errors=ignore\n", &["default: skip", "UNREADABLE_KEY: stop"]);
    // What no org has said of a record is none of its errors, and a record that may have been written is not passed over.
    let own = ["MISSING_ID: stop", "UNKNOWN_EVENT_TYPE: stop", "VALUE_NOT_WRITABLE: stop", "TOMBSTONE: stop"];
    assert_keys(Kind::Sink, "behavior.on.api.errors=log\n", &own);
    assert_keys(Kind::Sink, "behavior.on.api.errors=ignore\n", &own);
    assert_keys(Kind::Sink, "behavior.on.api.errors=ignore\n", &["INSERT_UNDECIDED: reject"]);
    let nulls = "behavior.on.api.errors=ignore\nbehavior.on.null.record=";
    assert_keys(Kind::Sink, &format!("{nulls}fail\n"), &["TOMBSTONE: stop", "on_null: reject"]);
    assert_keys(Kind::Sink, &format!("{nulls}ignore\n"), &["on_null: skip"]);
    let tolerant = "behavior.on.api.errors=ignore\nerrors.tolerance=all\n";
    let (translation, _) = translated(Kind::Sink, tolerant);
    assert!(!translation.text.contains("UNREADABLE"), "{}", translation.text);
    let kept = format!("{tolerant}errors.deadletterqueue.topic.name=dlq\n");
    assert_keys(Kind::Sink, &kept, &["UNREADABLE_VALUE: reject", "MISSING_ID: stop"]);
    assert_keys(
        Kind::Sink,
        "errors.tolerance=all\nerrors.deadletterqueue.topic.name=dlq\n",
        &["default: stop", "UNREADABLE_KEY: reject", "UNREADABLE_VALUE: reject"],
    );
    assert_keys(Kind::Sink, "errors.tolerance=all\n", &["default: stop", "UNREADABLE_VALUE: skip"]);
}

#[test]
fn reports_go_to_topics_of_the_connectors_name_unless_they_have_one() {
    assert_keys(
        Kind::Sink,
        "reporter.bootstrap.servers=broker:9092\n",
        &["success: c-success", "error: c-error"],
    );
    assert_keys(
        Kind::Sink,
        "reporter.result.topic.name=\nreporter.error.topic.name=${connector}-bad\n",
        &["error: c-bad"],
    );
    let (translation, _) = translated(Kind::Sink, "reporter.result.topic.name=\n");
    assert!(!translation.text.contains("success"), "{}", translation.text);
}

#[test]
fn each_topic_of_a_sink_is_a_pipeline() {
    assert_keys(Kind::Sink, "topics=a, b\n", &["c:", "c-b:", "topic: a", "topic: b"]);
    // The connector's own pipeline is the same when a topic is added behind.
    assert_keys(Kind::Sink, "topics=a\n", &["c:", "topic: a"]);
    let (translation, _) = translated(Kind::Sink, "topics=a,b\nconsumer.override.group.id=former\n");
    let groups: Vec<_> = translation.groups.iter().map(|(name, group)| format!("{name}={group}")).collect();
    assert_eq!(groups, ["c=former", "c-b=former"]);
}

#[test]
fn converters_of_the_connector_go_before_the_workers() {
    assert_keys(Kind::Sink, "", &["value: registry", "key: registry"]);
    let json = "org.apache.kafka.connect.json.JsonConverter";
    assert_keys(
        Kind::Sink,
        &format!("value.converter={json}\nkey.converter=org.apache.kafka.connect.storage.StringConverter\n"),
        &["value: json_with_schema", "key: text"],
    );
    assert_keys(
        Kind::Sink,
        &format!(
            "value.converter={json}\nvalue.converter.schemas.enable=false\n\
             key.converter=org.apache.kafka.connect.converters.ByteArrayConverter\n"
        ),
        &["value: json", "key: unread"],
    );
    for class in ["avro.AvroConverter", "json.JsonSchemaConverter", "protobuf.ProtobufConverter"] {
        let converter = format!("value.converter=io.confluent.connect.{class}\n");
        let registry = "value.converter.schema.registry.url=http://registry:8081\n";
        assert_keys(Kind::Sink, &format!("{converter}{registry}"), &["value: registry"]);
        assert_refused(Kind::Sink, &converter, "value.converter", "schema.registry.url");
    }
    let text = "value.converter=org.apache.kafka.connect.storage.StringConverter\n";
    assert_refused(Kind::Sink, text, "value.converter", "records have fields");
    assert_refused(
        Kind::Sink,
        "value.converter=x.OwnConverter\n",
        "value.converter",
        "none of the converters",
    );
    let secured = "value.converter=x.AvroConverter\nvalue.converter.schema.registry.url=http://registry:8081\n\
                   value.converter.basic.auth.credentials.source=USER_INFO\n";
    assert_refused(Kind::Sink, secured, "value.converter.basic.auth.credentials.source", "USER:PASSWORD");
    let user = format!("{secured}value.converter.basic.auth.user.info=sr-user:sr:secret\n");
    // One registry has one login, so the keys' converter has it as well.
    assert_keys(Kind::Sink, &user, &["basic_auth:", "username: \"${env:REGISTRY_USERNAME}\""]);
    let (translation, _) = translated(Kind::Sink, &user);
    assert_eq!(variables(&translation)["REGISTRY_PASSWORD"], "sr:secret");
    let keys = "key.converter=x.AvroConverter\nkey.converter.schema.registry.url=http://registry:8081\n";
    let token = |source: &str| {
        let start = "key.converter.bearer.auth";
        format!("{keys}{start}.credentials.source={source}\n{start}.token=hush\n")
    };
    assert_keys(Kind::Sink, &token("STATIC_TOKEN"), &["bearer_token: \"${env:REGISTRY_TOKEN}\""]);
    let source = "key.converter.bearer.auth.credentials.source";
    assert_refused(Kind::Sink, &token("OAUTHBEARER"), source, "STATIC_TOKEN");
    let other = format!(
        "{user}{keys}key.converter.basic.auth.credentials.source=USER_INFO\nkey.converter.basic.auth.user.info=a:b\n"
    );
    assert_refused(Kind::Sink, &other, "value.converter.basic.auth.user.info", "one login");
    let store = "key.converter.schema.registry.ssl.truststore";
    let stores = format!("{keys}{store}.location=/x\n");
    assert_refused(Kind::Sink, &stores, &format!("{store}.location"), "PEM");
    let (translation, _) = translated(Kind::Sink, &format!("{stores}{store}.type=PEM\n"));
    assert!(translation.text.contains("  ca: \"/x\""), "{}", translation.text);
    let url = "key.converter.schema.registry.url";
    let user = format!("{keys}{url}=http://sr-user:sr-hush@registry:8081\n");
    assert_refused(Kind::Sink, &user, url, "holds a user");
    assert!(!translated(Kind::Sink, &user).0.text.contains("sr-hush"));
}

#[test]
fn a_source_takes_the_schemas_that_its_converters_would() {
    let strategy = |name: &str| format!("io.confluent.kafka.serializers.subject.{name}NameStrategy");
    let half = |half: &str, options: &[(&str, &str)]| {
        let converter = format!("{half}.converter");
        let options = options.iter().map(|(option, value)| format!("{converter}.{option}={value}\n"));
        let converter =
            format!("{converter}=x.AvroConverter\n{converter}.schema.registry.url=http://registry:8081\n");
        converter + &options.collect::<String>()
    };
    let (own, latest) = (("auto.register.schemas", "false"), ("use.latest.version", "true"));
    for (options, key) in [
        (vec![own], "schemas: registered"),
        (vec![own, latest], "schemas: latest"),
        (vec![("value.subject.name.strategy", strategy("Record").as_str())], "subject: record"),
        (vec![("value.subject.name.strategy", strategy("TopicRecord").as_str())], "subject: topic_record"),
    ] {
        let (name, _) = key.split_once(':').unwrap();
        let usual = if name == "schemas" { "key_schemas: register" } else { "key_subject: topic" };
        assert_keys(Kind::PushTopic, &half("value", &options), &[key, usual]);
        // A sink reads whatever was written.
        let sink = translated(Kind::Sink, &half("value", &options)).0;
        assert!(!sink.is_refused() && !sink.text.contains(name), "{}", sink.text);
        // The worker's converter is the source's where it has none of its own.
        let mut worker = worker();
        for (option, value) in &options {
            worker.properties.insert(format!("value.converter.{option}"), (*value).to_owned());
        }
        let translation = translate(Some(&worker), &[connector(Kind::Cdc, "")], Pipelines::OfConnectors);
        assert!(translation.text.contains(key), "{}", translation.text);
    }
    let both = format!("{}{}", half("value", &[own]), half("key", &[own]));
    assert_keys(Kind::PushTopic, &both, &["schemas: registered"]);
    assert!(!translated(Kind::PushTopic, &both).0.text.contains("key_schemas"));
    let keys = half("key", &[("key.subject.name.strategy", strategy("Record").as_str())]);
    assert_keys(Kind::PushTopic, &keys, &["key_subject: record"]);
    // A connector may say it for both halves.
    assert_keys(Kind::Cdc, "auto.register.schemas=false\n", &["schemas: registered"]);
    // So it does without a file of the worker, where nobody names a converter.
    for (said, key) in [
        ("auto.register.schemas=false\n", "schemas: registered"),
        ("auto.register.schemas=false\nuse.latest.version=true\n", "schemas: latest"),
        ("value.converter.auto.register.schemas=false\n", "schemas: registered"),
    ] {
        let translation = translate(None, &[connector(Kind::Cdc, said)], Pipelines::OfConnectors);
        assert!(translation.text.contains(key), "{said} {}", translation.text);
    }
}

#[test]
fn what_a_converter_says_of_schemas_and_nobody_does_is_told() {
    let converter =
        "value.converter=x.AvroConverter\nvalue.converter.schema.registry.url=http://registry:8081\n";
    let with = |option: &str, value: &str| format!("{converter}value.converter.{option}={value}\n");
    for (option, usual) in [
        ("auto.register.schemas", "true"),
        ("use.latest.version", "false"),
        ("value.subject.name.strategy", "io.confluent.kafka.serializers.subject.TopicNameStrategy"),
    ] {
        let (translation, _) = translated(Kind::PushTopic, &with(option, usual));
        assert!(!translation.text.contains("output"), "{}", translation.text);
        let wrong = with(option, "com.example.Other");
        assert_refused(Kind::PushTopic, &wrong, &format!("value.converter.{option}"), "com.example.Other");
    }
    // The latest version is only asked for by those who register nothing.
    let (translation, _) = translated(Kind::PushTopic, &with("use.latest.version", "true"));
    let found = said(&translation.findings, "value.converter.use.latest.version");
    assert!(found.iter().any(|finding| finding.verdict == Verdict::Ignored), "{found:#?}");
    assert!(!translation.text.contains("output"), "{}", translation.text);
}

#[test]
fn a_source_writes_what_its_converters_would() {
    let (translation, _) = translated(Kind::PushTopic, "");
    assert!(!translation.text.contains("output"), "{}", translation.text);
    let json = "org.apache.kafka.connect.json.JsonConverter";
    assert_keys(
        Kind::PushTopic,
        &format!("key.converter={json}\nvalue.converter={json}\nvalue.converter.schemas.enable=false\n"),
        &["value: json", "key: json_with_schema"],
    );
    let text = "key.converter=org.apache.kafka.connect.storage.StringConverter\n";
    assert_keys(Kind::Cdc, text, &["value: avro", "key: text"]);
    for class in ["connect.storage.StringConverter", "connect.converters.ByteArrayConverter"] {
        assert_refused(
            Kind::PushTopic,
            &format!("value.converter=org.apache.kafka.{class}\n"),
            "value.converter",
            "JsonConverter",
        );
    }
    for (class, word) in
        [("json.JsonSchemaConverter", "json_schema"), ("protobuf.ProtobufConverter", "protobuf")]
    {
        let own = format!(
            "value.converter=io.confluent.connect.{class}\nvalue.converter.schema.registry.url=http://registry:8081\n"
        );
        assert_keys(Kind::PushTopic, &own, &[&format!("value: {word}"), "key: avro"]);
    }
}

#[test]
fn wrong_values_are_named_in_kafka_connects_words() {
    for (property, value, words) in [
        (
            "override.event.type",
            "yes",
            "Invalid value yes for configuration override.event.type: Expected value to be either true or false",
        ),
        ("tasks.max", "many", "Invalid value many for configuration tasks.max: Not a number of type INT"),
        ("tasks.max", "0", "Value must be at least 1"),
        ("connection.timeout", "600001", "Value must be no more than 600000"),
        ("behavior.on.api.errors", "retry", "String must be one of: log, ignore, fail"),
    ] {
        assert_refused(Kind::Sink, &format!("{property}={value}\n"), property, words);
    }
}

#[test]
fn faults_of_the_file_are_told_of_the_property_that_they_come_from() {
    assert_refused(Kind::Sink, "salesforce.instance=acme\n", "salesforce.instance", "is not a URL");
    assert_refused(
        Kind::Sink,
        "salesforce.object=My Lead\n",
        "salesforce.object",
        "is not the API name of an object",
    );
    assert_refused(Kind::PushTopic, "salesforce.version=6x\n", "salesforce.version", "is neither a version");
    assert_refused(
        Kind::PushTopic,
        "salesforce.push.topic.name=MoreThanTwentyFiveCharacters\n",
        "salesforce.push.topic.name",
        "longer than 25",
    );
    let finding = translated(Kind::Sink, "salesforce.instance=acme\n").0;
    let finding = refused(&finding)[0].to_string();
    assert!(finding.starts_with("c.properties:10: refused: salesforce.instance: "), "{finding}");
}
