//! One suite for every store: what `Broker` promises, as scenarios that know no store.

mod attempts;
mod control;
mod dead_letters;
mod dependencies;
mod leases;
mod limits;
mod order;
mod results;
mod schedules;

/// Runs each scenario on an empty SQLite file, and on an empty Redis.
macro_rules! on_both_stores {
    ($($file:ident: $($scenario:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test]
                async fn $scenario() {
                    super::$file::$scenario::<crate::stores::Sqlite>().await;
                }
            )+)+
        }

        mod redis {
            $($(
                #[tokio::test]
                #[ignore = "needs redis-server"]
                async fn $scenario() {
                    super::$file::$scenario::<crate::stores::Redis>().await;
                }
            )+)+
        }
    };
}

on_both_stores! {
    order:
        jobs_of_one_priority_come_in_the_order_they_were_sent,
        order_survives_a_clock_that_is_set_back,
        a_higher_priority_goes_first,
        a_low_priority_is_overtaken_for_a_bounded_time_only,
        queues_are_served_in_the_order_asked_for,
        delayed_jobs_wait_for_their_time,
        a_backlog_of_delayed_jobs_drains_in_bounded_steps;
    leases:
        a_leased_job_is_not_handed_out_again,
        a_completed_job_never_returns,
        a_lease_that_ran_out_is_recovered_in_its_old_place,
        heartbeats_keep_a_lease,
        a_worker_learns_what_it_holds_and_can_hand_it_back,
        a_zombie_can_neither_extend_nor_finish,
        a_lease_that_ran_out_but_was_not_missed_still_counts,
        finishing_twice_answers_the_same,
        a_clock_that_leaps_ahead_ends_leases_early_and_loses_nothing,
        a_clock_that_is_set_back_lets_a_lease_run_longer_and_loses_nothing,
        a_lease_from_a_clock_that_was_days_ahead_is_not_believed;
    attempts:
        a_released_job_counts_no_attempt,
        a_failed_job_is_tried_again_after_its_delay,
        the_last_attempt_ends_in_the_dead_letters,
        a_job_that_kills_its_workers_ends_in_the_dead_letters,
        jobs_that_were_lost_together_twice_come_back_apart,
        a_job_that_is_too_old_is_not_started,
        the_history_tells_every_attempt,
        progress_is_shown_and_starts_anew;
    limits:
        sending_the_same_job_twice_stores_it_once,
        a_unique_key_keeps_others_out_until_it_expires,
        a_hundred_senders_with_one_key_make_one_job,
        a_full_queue_refuses_the_whole_batch,
        what_is_too_large_is_refused,
        numbers_at_the_edge_are_refused_or_mean_the_same_everywhere,
        names_that_try_to_escape_are_refused,
        any_text_survives_the_way_through_the_store,
        a_large_batch_goes_through;
    results:
        a_result_is_kept_and_then_forgotten,
        a_job_without_a_result_to_keep_leaves_no_trace,
        waiting_ends_with_the_job,
        waiting_ends_with_patience,
        an_unknown_job_is_nothing_to_wait_for;
    dependencies:
        a_job_waits_for_all_it_depends_on,
        what_has_completed_is_not_waited_for,
        a_delay_counts_from_the_enqueuing,
        an_unknown_dependency_refuses_the_batch,
        a_dead_dependency_holds_and_its_requeue_frees,
        a_canceled_or_purged_dependency_buries_its_followers,
        a_thousand_followers_are_released;
    dead_letters:
        dead_letters_are_listed_page_by_page,
        requeued_letters_start_afresh,
        requeuing_respects_the_limit,
        purged_letters_are_gone,
        of_too_many_the_oldest_go;
    control:
        a_paused_queue_hands_out_nothing,
        a_waiting_job_is_canceled_at_once,
        a_running_job_hears_of_its_cancellation,
        a_canceled_job_gives_its_key_back,
        numbers_add_up,
        an_empty_queue_is_forgotten_and_one_with_jobs_is_not,
        workers_are_seen_until_they_fall_silent,
        an_idle_worker_is_woken_by_a_new_job,
        an_earlier_due_time_wakes_the_upkeep;
    schedules:
        a_tick_is_enqueued_once_by_many_servers,
        ticks_that_were_missed_are_made_up_by_one,
        a_schedule_can_be_replaced_and_removed,
        a_tick_from_a_clock_that_was_ahead_is_computed_again,
        a_cron_expression_is_checked;
}
