//! Sample records of a new org.

use crate::Org;

#[tokio::test]
async fn a_new_org_holds_so_many_records_with_relations_and_the_same_every_time() {
    let mut names = Vec::new();
    for name in ["one", "two"] {
        let org = Org::builder().name(name).records(402).start().await.unwrap();
        let counts = ["Account", "Contact", "Lead"].map(|object| org.count(object));
        assert_eq!(counts, [100, 201, 101]);
        let accounts = org.rows("Account");
        assert!(accounts.iter().filter(|row| row["ParentId"].is_string()).count() > 50);
        let contacts = org.rows("Contact");
        assert!(contacts.iter().all(|row| row["AccountId"].is_string()));
        assert!(contacts.iter().filter(|row| row["ReportsToId"].is_string()).count() > 50);
        names.push(contacts.iter().map(|row| row["Email"].clone()).collect::<Vec<_>>());
        org.stop().await;
    }
    assert_eq!(names[0], names[1]);
}

#[tokio::test]
async fn sample_records_come_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.data");
    for _ in 0..2 {
        let org = Org::builder().data_file(&file).records(20).start().await.unwrap();
        assert_eq!(org.count("Contact"), 10);
        org.stop().await;
    }
}
