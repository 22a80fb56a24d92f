//! One suite for both databases: what the service promises, as scenarios that know only a home.

pub mod appends;
mod readers;
mod whole;

/// Runs each scenario on empty files, and on an empty PostgreSQL database.
macro_rules! on_both {
    ($($file:ident: $($scenario:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test]
                async fn $scenario() {
                    let directory = tempfile::tempdir().unwrap();
                    super::$file::$scenario(crate::support::files(directory.path())).await;
                }
            )+)+
        }

        mod postgres {
            $($(
                #[tokio::test]
                #[ignore = "needs postgresql"]
                async fn $scenario() {
                    super::$file::$scenario(crate::support::server().await.0).await;
                }
            )+)+
        }
    };
}

on_both! {
    appends:
        of_64_appends_at_one_version_one_wins,
        an_append_that_is_repeated_changes_nothing_and_gets_the_first_answer,
        an_append_that_is_repeated_at_once_is_appended_once,
        commands_that_race_are_all_done_one_after_the_other,
        a_snapshot_may_be_lost_or_of_another_form,
        a_place_is_moved_by_one_of_two;
    readers:
        a_hundred_first_appends_at_once_get_a_hundred_positions_without_a_gap,
        a_reader_beside_the_writers_misses_no_event,
        what_is_refused_uses_no_position,
        a_change_of_which_one_part_fails_is_not_done;
    whole:
        a_day_ends_with_books_that_agree,
        an_order_that_is_sent_again_changes_nothing,
        a_view_that_is_rebuilt_while_it_is_read_and_written_says_the_same,
        an_event_that_breaks_a_table_is_skipped_and_named,
        messages_that_come_twice_are_mailed_once,
        a_relay_that_begins_again_from_zero_sends_no_second_mail,
        a_day_after_a_restart_says_the_same;
}
