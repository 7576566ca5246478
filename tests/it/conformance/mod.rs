//! What orgstream and its users ask of a broker, asked of Apache Kafka and of the embedded broker alike. Whatever
//! Kafka does is right.
//!
//! A check is a function; the list below makes two tests of it.

#![expect(clippy::disallowed_methods, reason = "librdkafka's plain interface blocks, and so do these tests")]
#![expect(
    clippy::unwrap_used,
    reason = "a check that meets what cannot be has failed, which is all there is to say"
)]

mod broker;

mod restarting;

mod clients;

mod admin;

mod compaction;

mod fetching;

mod groups;

mod idempotence;

mod offsets;

mod producing;

mod restarts;

mod transactions;

macro_rules! checks {
    ($($theme:ident: $($check:ident)+;)+) => {
        mod apache_kafka {
            $(mod $theme { $(
                #[test]
                fn $check() {
                    if let Some(broker) = super::super::broker::apache() {
                        super::super::$theme::$check(broker);
                    }
                }
            )+ })+
        }

        mod embedded {
            $(mod $theme { $(
                #[test]
                fn $check() {
                    super::super::$theme::$check(super::super::broker::embedded());
                }
            )+ })+
        }
    };
}

checks! {
    producing:
        a_record_comes_back_as_it_was
        headers_may_share_a_name
        every_codec_comes_back
        unacknowledged_records_arrive
        a_large_record_comes_back
        a_record_above_the_limit_is_refused
        a_batch_larger_than_a_segment_is_refused
        a_record_from_the_far_future_is_refused
        the_broker_can_give_the_time
        many_records_arrive_once_and_in_order;
    fetching:
        reading_starts_inside_a_batch
        a_waiting_reader_is_woken
        a_reader_at_the_end_is_told_so
        an_offset_behind_the_end_is_out_of_range
        reading_and_writing_at_once_loses_nothing
        a_small_fetch_gets_on;
    offsets:
        watermarks_say_where_a_log_starts_and_ends
        a_time_leads_to_the_first_record_of_it
        a_time_behind_the_end_leads_to_the_end
        deleted_records_are_gone
        the_oldest_segments_go_when_a_log_is_too_large
        the_oldest_segments_go_when_they_are_too_old;
    groups:
        one_member_gets_everything
        two_members_share
        whoever_stays_takes_over
        cooperative_members_keep_what_they_have
        a_commit_is_where_the_group_goes_on
        a_commit_keeps_its_metadata
        a_static_member_that_comes_back_changes_nothing
        a_second_static_member_of_the_same_name_fences_the_first
        a_member_of_an_old_generation_cannot_commit
        members_without_a_protocol_in_common_are_refused;
    idempotence:
        an_idempotent_producer_writes_in_order
        two_idempotent_producers_do_not_disturb_each_other;
    transactions:
        committed_records_are_seen_by_all
        aborted_records_are_seen_by_nobody_who_minds
        open_records_hold_the_stable_offset_back
        offsets_are_committed_with_the_records
        offsets_of_an_aborted_transaction_are_not
        a_successor_fences_its_predecessor
        a_successor_gives_up_what_was_open
        a_transaction_that_takes_too_long_is_given_up
        two_transactions_do_not_disturb_each_other
        a_transaction_spans_topics
        an_abort_among_commits_is_left_out;
    compaction:
        the_newest_record_of_each_key_stays
        compressed_batches_are_compacted
        a_tombstone_removes_its_key
        a_record_without_a_key_is_refused
        aborted_records_are_compacted_away;
    admin:
        a_topic_has_the_width_it_was_given
        a_topic_cannot_be_made_twice
        impossible_topics_are_refused
        a_topic_can_be_widened
        a_deleted_topic_is_gone
        settings_can_be_set_and_read
        a_change_with_an_unknown_setting_changes_nothing
        groups_can_be_listed_and_deleted
        a_group_with_members_cannot_be_deleted;
    restarts:
        everything_survives_a_kill
        an_open_transaction_survives_a_kill
        a_member_goes_on_after_a_kill
        producers_go_on_after_a_kill;
}
