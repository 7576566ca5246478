//! Property files of Confluent's connectors, run and imported as they are.

use std::time::Duration;

use orgstream::kafka::{Admin, Cleanup, GroupCommit, KafkaConfig, TopicSpec};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::{Value as Json, json};

use crate::support::{Running, SchemaStore, SecuredKafka, World, WorldBuilder, eventually};

/// Org B has the field that the documentation's example names.
const CUSTOM_ID: &str = "
objects:
  Lead:
    - { name: CustomId__c, type: string, label: Custom Id, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
";

/// Two orgs, a broker, a registry, and a directory for files.
struct Connect {
    world: World,
    registry: SchemaStore,
}

impl Connect {
    async fn start() -> Option<Self> {
        Self::on(World::builder().embedded()).await
    }

    async fn on(builder: WorldBuilder) -> Option<Self> {
        let world = builder.org_b(|org| org.objects(CUSTOM_ID)).build().await?;
        let registry = SchemaStore::start(&world.dir.path().join("schemas.db"));
        let connect = Self { world, registry };
        connect.write("worker.properties", &connect.worker());
        Some(connect)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.world.dir.path().join(name), text).expect("the file is written");
    }

    /// A worker's file, as Confluent Platform brings one.
    fn worker(&self) -> String {
        let registry = self.registry.url.trim_end_matches('/');
        format!(
            "# Sample configuration for a standalone Kafka Connect worker\n\
             bootstrap.servers={}\n\
             key.converter=io.confluent.connect.avro.AvroConverter\n\
             key.converter.schema.registry.url={registry}\n\
             value.converter=io.confluent.connect.avro.AvroConverter\n\
             value.converter.schema.registry.url={registry}\n\
             offset.storage.file.filename={}/connect.offsets\n\
             offset.flush.interval.ms=10000\n\
             listeners=http://127.0.0.1:0\n\
             plugin.path=/usr/share/java,\\\n   /usr/share/confluent-hub-components\n",
            self.world.bootstrap_servers,
            self.world.dir.path().display(),
        )
    }

    fn topic(&self) -> String {
        format!("{}-leads", self.world.pipeline)
    }

    /// The properties by which a connector logs in to an org, as the documentation's examples do.
    fn login(org: &orgstream_salesforce_simulator::Org) -> String {
        let credentials = org.credentials();
        format!(
            "salesforce.instance={}\n salesforce.consumer.key={}\n salesforce.consumer.secret={}\n salesforce.username={}\n \
             salesforce.password={}\n salesforce.password.token={}\n",
            org.url().replace(':', "\\:"),
            credentials.client_id,
            credentials.client_secret,
            credentials.username,
            credentials.password,
            credentials.security_token,
        )
    }

    /// The PushTopic source's example.
    fn source(&self) -> String {
        format!(
            "name={0}-source\nconnector.class=io.confluent.salesforce.SalesforcePushTopicSourceConnector\ntasks.max=1\n\
             kafka.topic={1}\nsalesforce.object=Lead\nsalesforce.push.topic.name=LeadsPushTopic\n{2}\
             salesforce.initial.start=all\nconnection.max.message.size=10048576\n\
             confluent.topic.bootstrap.servers={3}\nconfluent.topic.replication.factor=1\nconfluent.license=\n",
            self.world.pipeline,
            self.topic(),
            Self::login(&self.world.a),
            self.world.bootstrap_servers,
        )
    }

    /// The property-based example of the SObject sink: upserts by `CustomId__c`, without `CleanStatus`.
    fn sink(&self) -> String {
        format!(
            " name={0}-sink\n connector.class=io.confluent.salesforce.SalesforceSObjectSinkConnector\n tasks.max=1\n topics={1}\n \
             {2} salesforce.object=Lead\n salesforce.use.custom.id.field=true\n salesforce.custom.id.field.name=CustomId__c\n \
             salesforce.ignore.fields=CleanStatus\n salesforce.ignore.reference.fields=true\n override.event.type=true\n \
             salesforce.sink.object.operation=upsert\n confluent.topic.bootstrap.servers={3}\n \
             confluent.topic.replication.factor=1\n reporter.bootstrap.servers={3}\n\
             reporter.error.topic.replication.factor=1\n reporter.result.topic.replication.factor=1\n",
            self.world.pipeline,
            self.topic(),
            Self::login(&self.world.b),
            self.world.bootstrap_servers,
        )
    }

    /// Imports files as `orgstream.yaml`, its variables filled in, and answers with the text as it was printed.
    async fn import(&self, files: &[&str]) -> String {
        let world = &self.world;
        let imported =
            world.command(&[&["import", "confluent"], files].concat()).finish().await.expect_code(0);
        // No secret is in the file; each is a variable that its head names.
        let mut text = imported.stdout.clone();
        for (org, half) in [(&world.a, "source"), (&world.b, "sink")] {
            if !files.contains(&&*format!("{half}.properties")) {
                continue;
            }
            let credentials = org.credentials();
            for (property, secret) in [
                ("CONSUMER_SECRET", &credentials.client_secret),
                ("PASSWORD", &credentials.password),
                ("PASSWORD_TOKEN", &credentials.security_token),
            ] {
                let shown = [&imported.stdout, &imported.stderr].map(|out| out.contains(secret.as_str()));
                assert_eq!(shown, [false, false], "{property} of the {half}");
                let pipeline = world.pipeline.to_uppercase().replace('-', "_");
                let variable = format!("{pipeline}_{}_SALESFORCE_{property}", half.to_uppercase());
                assert!(text.contains(&format!("#   {variable}\n")), "no {variable} in {text}");
                text = text.replace(&format!("${{env:{variable}}}"), secret);
            }
        }
        std::fs::write(world.file(), text).expect("the file is written");
        imported.stdout
    }

    fn standalone(&self, files: &[&str]) -> Running {
        let until = ["--until-synced", "--quiet", "1s"];
        self.world.command(&[&["connect-standalone", "worker.properties"], files, &until].concat())
    }
}

/// A worker's consumer, in its group.
async fn member(connect: &Connect, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &connect.world.bootstrap_servers).set("group.id", group);
    let member: BaseConsumer = config.set("enable.auto.commit", "false").create().expect("a consumer");
    member.subscribe(&[&connect.topic()]).expect("it subscribes");
    eventually("the group has its member", || {
        drop(member.poll(Duration::from_millis(100)));
        member.assignment().is_ok_and(|partitions| partitions.count() > 0)
    })
    .await;
    member
}

async fn kafka(connect: &Connect) -> Admin {
    let kafka = KafkaConfig {
        bootstrap_servers: connect.world.bootstrap_servers.clone(),
        partitions: None,
        replication_factor: None,
        ..KafkaConfig::default()
    };
    Admin::connect(&kafka).await.expect("the broker answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_json_where_the_converters_say_so() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    let json = "org.apache.kafka.connect.json.JsonConverter";
    let converters = |schemas: bool| {
        format!(
            "key.converter={json}\nvalue.converter={json}\nkey.converter.schemas.enable={schemas}\n\
             value.converter.schemas.enable={schemas}\n"
        )
    };
    for schemas in [true, false] {
        let name = |half: &str| format!("name={}-{half}-{schemas}\n", world.pipeline);
        let topic = format!("{}-{schemas}", connect.topic());
        let files = [("source", connect.source(), "kafka.topic"), ("sink", connect.sink(), "topics")];
        for (half, text, key) in files {
            let more = format!(
                "{}{}{key}={topic}\nsalesforce.push.topic.name=Leads{schemas}\n",
                converters(schemas),
                name(half)
            );
            connect.write(&format!("{half}.properties"), &format!("{text}{more}"));
        }
        connect.standalone(&["source.properties"]).finish().await.expect_code(0);
        let lead = world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
        connect.standalone(&["source.properties", "sink.properties"]).finish().await.expect_code(0);
        let records = world.read(&topic).await;
        let value: Json =
            serde_json::from_slice(records[0].value.as_deref().expect("a value")).expect("JSON");
        let key: Json = serde_json::from_slice(records[0].key.as_deref().expect("a key")).expect("JSON");
        let (key, payload) = if schemas { (&key["payload"], &value["payload"]) } else { (&key, &value) };
        assert_eq!((key, &payload["LastName"]), (&json!({ "Id": lead }), &json!("Noether")));
        if schemas {
            assert_eq!(value["schema"]["name"], "io.confluent.salesforce.Lead");
        }
        let rows = world.b.rows("Lead");
        assert!(rows.iter().any(|row| row["CustomId__c"] == *lead), "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_goes_on_from_the_offsets_of_kafka_connect() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.write("sink.properties", &connect.sink().replace("operation=upsert", "operation=insert"));
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    for name in ["Written before", "New"] {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
        connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    }
    // Nobody committed anything under this name.
    let offsets = ["--offsets", "sink.properties"];
    let finished = connect.standalone(&offsets).finish().await.expect_code(78);
    assert!(finished.stderr.contains("has committed no offset of"), "{}", finished.stderr);
    assert_eq!(world.b.count("Lead"), 0);
    // The worker that ran before has written the first record.
    let records = world.read(&connect.topic()).await;
    let first = records[0].at.clone();
    let group = format!("connect-{}-sink", world.pipeline);
    let admin = kafka(&connect).await;
    let commit = GroupCommit { offset: first.offset + 1, ..GroupCommit::default() };
    admin.commit(&group, [(first.partition, commit)].into()).await.expect("committed");
    // Nobody has said where to begin.
    let finished = connect.standalone(&["sink.properties"]).finish().await.expect_code(78);
    for part in [&*group, "`--offsets`", "`--from-beginning`"] {
        assert!(finished.stderr.contains(part), "no {part} in {}", finished.stderr);
    }
    // The worker still runs.
    let worker = member(&connect, &group).await;
    let finished = connect.standalone(&offsets).finish().await.expect_code(78);
    assert!(finished.stderr.contains("has 1 member(s)"), "{}", finished.stderr);
    assert_eq!(world.b.count("Lead"), 0);
    drop(worker);
    connect.standalone(&offsets).finish().await.expect_code(0);
    let rows = world.b.rows("Lead");
    assert_eq!(rows.iter().map(|row| &row["LastName"]).collect::<Vec<_>>(), ["New"]);
    // From then on its own count, whatever is said; and the imported file is the same pipeline with the same group.
    connect.standalone(&offsets).finish().await.expect_code(0);
    connect.standalone(&["sink.properties"]).finish().await.expect_code(0);
    connect.import(&["worker.properties", "source.properties", "sink.properties"]).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 1);
    // A sink that is to begin anew says so.
    connect.write("again.properties", &connect.sink().replace("-sink", "-again"));
    let group = format!("connect-{}-again", world.pipeline);
    let end = records[1].at.clone();
    let commit = GroupCommit { offset: end.offset + 1, ..GroupCommit::default() };
    admin.commit(&group, [(end.partition, commit)].into()).await.expect("committed");
    connect.standalone(&["again.properties"]).finish().await.expect_code(78);
    connect.standalone(&["--from-beginning", "again.properties"]).finish().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2, "one is made, and one is found by its external id");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_sink_takes_the_offsets_over_that_its_head_names() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.write("sink.properties", &connect.sink());
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    for name in ["Written before", "New"] {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
        connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    }
    let first = world.read(&connect.topic()).await.remove(0).at;
    let sink = format!("{}-sink", world.pipeline);
    let commit = GroupCommit { offset: first.offset + 1, ..GroupCommit::default() };
    let offsets = [(first.partition, commit)].into();
    kafka(&connect).await.commit(&format!("connect-{sink}"), offsets).await.expect("committed");
    let text = connect.import(&["worker.properties", "sink.properties"]).await;
    let former = format!("{sink}=connect-{sink}");
    assert!(text.contains(&format!("orgstream run FILE --offsets-of {former}\n")), "{text}");
    connect.write("two.properties", &format!("{}topics=a,b\n", connect.sink().replace(" topics=", " #")));
    let two = world.command(&["import", "confluent", "worker.properties", "two.properties"]).finish().await;
    let both = format!("orgstream run FILE --offsets-of {former} --offsets-of {sink}-b=connect-{sink}\n");
    assert!(two.stdout.contains(&both), "{}", two.stdout);
    let until = ["--until-synced", "--quiet", "1s"];
    let run = |more: [&str; 2]| world.command(&[&["run", "orgstream.yaml"][..], &more, &until].concat());
    let wrong = run(["--offsets-of", "other=connect"]).finish().await.expect_code(78);
    assert!(wrong.stderr.contains("no pipeline of that name runs a sink"), "{}", wrong.stderr);
    run(["--offsets-of", &former]).finish().await.expect_code(0);
    let rows = world.b.rows("Lead");
    assert_eq!(rows.iter().map(|row| &row["LastName"]).collect::<Vec<_>>(), ["New"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_nobody_made_is_said_and_waited_for_and_not_made() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    let misspelt = connect.topic().replace("leads", "leeds");
    connect.write("sink.properties", &connect.sink().replace(&connect.topic(), &misspelt));
    // A run that is to end could only end without what it was asked for.
    let finished = connect.standalone(&["sink.properties"]).finish().await.expect_code(78);
    let hint = format!("`{misspelt}` (did you mean `{}`?)", connect.topic());
    assert!(finished.stderr.contains(&hint), "{}", finished.stderr);
    let running = world.command(&["connect-standalone", "worker.properties", "sink.properties"]);
    running.warns(&hint).await;
    let state = ["status", "--state", "connect.offsets.orgstream", "--json"];
    let status = world.command(&state).finish().await;
    let status: Json = serde_json::from_str(&status.stdout).expect("JSON");
    assert!(status.to_string().contains("which the brokers do not have"), "{status:#}");
    // The worker's REST interface is the server of the process.
    let url = status["status"]["http"].as_str().expect("a server").to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let connectors: Json =
        reqwest::get(format!("{url}/connectors")).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(connectors, json!([format!("{}-sink", world.pipeline)]));
    let admin = kafka(&connect).await;
    assert_eq!(admin.partitions(&misspelt).await.expect("an answer"), None);
    // As soon as it is there the sink reads it, as wide as it is.
    let spec = TopicSpec { name: misspelt.clone(), partitions: Some(3), cleanup: Cleanup::Delete };
    admin.ensure_topics(&[spec]).await.expect("the topic is made");
    connect.write(
        "source.properties",
        &connect.source().replace(&connect.topic(), &misspelt).replace("-source", "-other"),
    );
    let arguments = ["source.properties", "--state", "other"];
    connect.standalone(&arguments).finish().await.expect_code(0);
    world.in_a.create("Lead", json!({ "LastName": "Hilbert", "Company": "Göttingen" })).await;
    connect.standalone(&arguments).finish().await.expect_code(0);
    eventually("the record arrives", || world.b.count("Lead") > 0).await;
    running.terminate().await.expect_code(0);
    let parked = format!("{}-sink.parked", world.pipeline);
    assert_eq!(admin.partitions(&parked).await.expect("an answer"), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_with_tls_and_logins_are_reached_as_the_workers_file_says() {
    let Some(kafka) = SecuredKafka::shared() else { return };
    let secured = World::builder().embedded().kafka(kafka.address("login_tls"));
    let Some(connect) = Connect::on(secured).await else { return };
    let world = &connect.world;
    // As files for clusters in the cloud have it: the same once more for each kind of client.
    let login = |password: &str| {
        let of = |prefix: &str| {
            format!(
                "{prefix}security.protocol=SASL_SSL\n{prefix}sasl.mechanism=PLAIN\n{prefix}ssl.truststore.type=PEM\n\
                 {prefix}ssl.truststore.location={}\n{prefix}ssl.enabled.protocols=TLSv1.2,TLSv1.3\n\
                 {prefix}sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n  \
                 username=\"alice\" password=\"{password}\";\n",
                kafka.pem("ca.pem")
            )
        };
        ["", "producer.", "consumer."].map(of).concat()
    };
    connect.write("source.properties", &connect.source());
    connect.write("sink.properties", &connect.sink());
    connect.write("worker.properties", &format!("{}{}", connect.worker(), login("alice-secret")));
    world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    world.in_a.create("Lead", json!({ "LastName": "Hilbert", "Company": "Göttingen" })).await;
    let both = ["source.properties", "sink.properties"];
    connect.standalone(&both).finish().await.expect_code(0);
    assert!(world.b.count("Lead") > 0);
    connect.write("worker.properties", &format!("{}{}", connect.worker(), login("hunter2")));
    let finished = connect.standalone(&both).finish().await.expect_code(78);
    assert!(finished.stderr.contains("refuses the user or the password"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_property_files_of_source_and_sink_run_unchanged() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.write("sink.properties", &connect.sink());
    // The sink's topic is there before it starts, as Kafka Connect needs it too.
    let spec = TopicSpec { name: connect.topic(), partitions: Some(1), cleanup: Cleanup::Delete };
    kafka(&connect).await.ensure_topics(&[spec]).await.expect("the topic is made");
    connect.standalone(&["source.properties", "sink.properties"]).finish().await.expect_code(0);

    let lead = world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
    let finished =
        connect.standalone(&["source.properties", "sink.properties"]).finish().await.expect_code(0);
    let rows = world.b.rows("Lead");
    assert_eq!(rows.len(), 1, "{}", finished.stderr);
    assert_eq!((&rows[0]["LastName"], &rows[0]["CustomId__c"]), (&json!("Noether"), &json!(lead)));
    // The topic, the key and the schemas are those that Confluent's source would have written.
    let records = world.read(&connect.topic()).await;
    assert!(records.iter().all(|record| record.value.as_deref().is_some_and(|bytes| bytes[0] == 0)));
    // Reports have the names of Confluent's defaults.
    let reports = world.read(&format!("{}-sink-success", world.pipeline)).await;
    assert_eq!(reports.len(), records.len());
    // What is other than there is said at every start, with the place.
    for part in ["sink.properties:", "salesforce.ignore.reference.fields: "] {
        assert!(finished.stderr.contains(part), "no {part} in {}", finished.stderr);
    }
    for secret in [&world.a.credentials().client_secret, &world.b.credentials().password] {
        assert!(!finished.stderr.contains(secret.as_str()) && !finished.stdout.contains(secret.as_str()));
    }
    assert!(
        world.dir.path().join("connect.offsets.orgstream").is_dir(),
        "the state stands beside the file of offsets"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_that_is_sent_to_a_worker_runs_from_its_file() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    let lead = world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    let in_b = crate::support::Rest::login(&world.b).await;
    in_b.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen", "OrgA_Id__c": lead })).await;
    let credentials = world.b.credentials();
    // The REST-based example, with its values filled in and the field that a deletion finds its record by.
    let config = json!({
        "name": "SalesforceSObjectSinkConnector1",
        "config": {
            "name": "SalesforceSObjectSinkConnector1",
            "connector.class": "io.confluent.salesforce.SalesforceSObjectSinkConnector",
            "tasks.max": "1",
            "topics": connect.topic(),
            "salesforce.instance": world.b.url(),
            "salesforce.consumer.key": credentials.client_id,
            "salesforce.consumer.secret": credentials.client_secret,
            "salesforce.object": "Lead",
            "salesforce.password": credentials.password,
            "salesforce.password.token": credentials.security_token,
            "salesforce.username": credentials.username,
            "salesforce.use.custom.id.field": "true",
            "salesforce.custom.id.field.name": "OrgA_Id__c",
            "confluent.topic.bootstrap.servers": "localhost:9092",
            "confluent.topic.replication.factor": "1",
            "salesforce.sink.object.operation": "delete",
            "override.event.type": "true",
            "confluent.license": " Omit to enable trial mode ",
        },
    });
    connect.write("connector.json", &config.to_string());
    connect.standalone(&["connector.json"]).finish().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_ends_as_confluents_properties_say() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    for name in ["Good", "Bad"] {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    let effect = Effect::RecordError {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "Not like this".to_owned(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, effect).containing("Bad"));
    let dead_letters = format!("{}-sink.dead_letters", world.pipeline);
    // `fail`, the default: the task fails, and the record comes again.
    for _ in 0..2 {
        connect.write("sink.properties", &connect.sink());
        let finished = connect.standalone(&["sink.properties"]).finish().await.expect_code(1);
        assert!(finished.stderr.contains("Not like this"), "{}", finished.stderr);
        assert_eq!(world.read(&dead_letters).await.len(), 0);
    }
    // `ignore`: it is passed over.
    connect.write("sink.properties", &format!("{}behavior.on.api.errors=ignore\n", connect.sink()));
    connect.standalone(&["sink.properties"]).finish().await.expect_code(0);
    assert_eq!((world.b.count("Lead"), world.read(&dead_letters).await.len()), (1, 0));
    // `log`: it is kept.
    world.in_a.create("Lead", json!({ "LastName": "Bad too", "Company": "Acme" })).await;
    connect.standalone(&["source.properties"]).finish().await.expect_code(0);
    connect.write("sink.properties", &format!("{}behavior.on.api.errors=log\n", connect.sink()));
    connect.standalone(&["sink.properties"]).finish().await.expect_code(1);
    assert_eq!(world.read(&dead_letters).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_property_files_become_a_file_that_runs() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    connect.write("source.properties", &connect.source());
    connect.write("sink.properties", &connect.sink());
    let text = connect.import(&["source.properties", "worker.properties", "sink.properties"]).await;
    assert!(text.contains(&format!("  {}-sink:\n", world.pipeline)), "{text}");
    world.command(&["check", "orgstream.yaml"]).finish().await.expect_code(0);
    world.prime().await;
    world.in_a.create("Lead", json!({ "LastName": "Noether", "Company": "Göttingen" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_named_with_file_line_and_property_and_nothing_starts() {
    let Some(connect) = Connect::start().await else { return };
    let world = &connect.world;
    let text = connect.sink().replace("override.event.type=true", "override.event.type=yes");
    connect.write("sink.properties", &format!("{text}salesforce.ignore.feilds=A\ntopics.regex=a.*\n"));
    let finished = connect.standalone(&["sink.properties"]).finish().await.expect_code(78);
    for part in [
        "refused: override.event.type: Invalid value yes for configuration override.event.type",
        "refused: topics.regex: the topics have to be named",
        "unknown: salesforce.ignore.feilds: no such property is known; it has no effect. Is `salesforce.ignore.fields` meant?",
        "nothing is run: 2 of what the properties say cannot be done",
    ] {
        assert!(finished.stderr.contains(part), "no {part} in {}", finished.stderr);
    }
    assert_eq!(world.b.calls(CallKind::Token), 0);
    let imported = world
        .command(&["import", "confluent", "worker.properties", "sink.properties"])
        .finish()
        .await
        .expect_code(78);
    assert_eq!(imported.stdout, "");
    assert!(imported.stderr.contains("no file is made: 2 of what"), "{}", imported.stderr);
    connect.write("source.properties", &connect.source());
    let check = ["connect-standalone", "worker.properties", "source.properties", "--offsets", "--check"];
    let finished = world.command(&check).finish().await.expect_code(0);
    assert!(
        finished.stderr.contains("`--offsets` and `--from-beginning` have no meaning"),
        "{}",
        finished.stderr
    );
    // A failure at run time names keys; who writes properties is told theirs.
    let spec = TopicSpec { name: connect.topic(), partitions: Some(1), cleanup: Cleanup::Delete };
    kafka(&connect).await.ensure_topics(&[spec]).await.expect("the topic is made");
    connect.write("wide.properties", &format!("topic.creation.default.partitions=3\n{}", connect.source()));
    let finished = connect.standalone(&["wide.properties"]).finish().await.expect_code(78);
    let from = "`kafka.topics.partitions` comes from `topic.creation.default.partitions` (wide.properties:1)";
    assert!(finished.stderr.contains(from), "{}", finished.stderr);
    let swapped = ["connect-standalone", "sink.properties", "worker.properties"];
    let finished = world.command(&swapped).finish().await.expect_code(2);
    assert!(finished.stderr.contains("the first file is the worker's"), "{}", finished.stderr);
    connect.write("broken.properties", "a=1\nb=\\u00g0\n");
    let finished = connect.standalone(&["broken.properties"]).finish().await.expect_code(78);
    assert!(finished.stderr.contains("broken.properties:2: `\\u` needs four"), "{}", finished.stderr);
    let finished = connect.standalone(&["none.properties"]).finish().await.expect_code(78);
    assert!(finished.stderr.contains("none.properties: cannot be read"), "{}", finished.stderr);
}
