"""Every row of the page of guarantees is held by tests that are there."""

from __future__ import annotations

import re

from support.pages import ROOT, text_of

#: From what happens, as the page has it, to the tests that hold what it says.
HELD_BY = {
    "one fault, at any call of the system": [
        "crash/test_every_call.py::test_a_call_that_fails",
        "crash/test_every_call.py::test_a_write_that_is_cut_short",
        "unit/storage/test_commit.py::test_a_call_that_fails",
    ],
    "a fault after the change is made": [
        "crash/test_promises.py::test_releasing_the_lock",
        "crash/test_promises.py::test_removing_what_is_left",
        "unit/storage/test_lock.py::test_a_lock_that_cannot_be_released_is_no_reason_to_fail",
    ],
    "the result cannot be printed: a full disk, a closed pipe": [
        "cli/test_process.py::test_a_result_that_cannot_be_printed",
    ],
    "a second fault, during the rollback": [
        "crash/test_second_faults.py::test_a_fault_on_the_way_back",
        "crash/test_promises.py::test_no_fsync_works_from_one_on",
        "crash/test_promises.py::test_the_message_says_what_comes_next",
        "unit/storage/test_commit.py::test_what_cannot_be_rolled_back_now_is_kept_for_the_next_writer",
    ],
    "no free descriptor or disk space from one moment on": [
        "crash/test_promises.py::test_no_descriptor_is_free_from_one_on",
        "crash/test_second_faults.py::test_a_disk_that_goes_away",
    ],
    "the disk is gone: no call works from one moment on": [
        "crash/test_second_faults.py::test_a_disk_that_goes_away",
        "unit/storage/test_commit.py::test_a_single_file_that_nothing_can_be_done_about",
        "unit/storage/test_commit.py::test_a_removal_of_the_journal_that_may_not_be_durable",
    ],
    "an interrupt: Ctrl-C, or a signal whose handler raises": [
        "crash/test_promises.py::test_once_the_journal_is_gone_the_change_is_made",
        "unit/storage/test_commit.py::test_an_interrupt_when_a_call_is_made_already",
    ],
    "a kill, or a second interrupt, at any moment": [
        "crash/test_every_call.py::test_a_process_that_is_killed",
        "crash/test_second_faults.py::test_a_kill_on_the_way_back",
        "crash/test_promises.py::test_while_the_journal_goes_and_once_more",
    ],
    "a power cut at any moment": [
        "crash/test_power_cut.py::test_a_write_is_whole_or_not_made",
        "crash/test_power_cut.py::test_a_write_stands_whatever_a_killed_one_left",
    ],
    "a fault, an interrupt or a kill during a [`rescue`](admin/emergency.md)": [
        "crash/test_rescue.py::test_killed_after_every_call",
        "crash/test_rescue.py::test_a_call_that_fails",
        "crash/test_rescue.py::test_an_interrupt_at_every_call",
        "cli/test_rescue.py::test_a_closed_pipe",
    ],
    "a fault or a kill while an [audit log](audit/README.md) is kept": [
        "crash/test_audit.py::test_a_writer_that_is_killed",
        "crash/test_audit.py::test_a_call_that_fails",
    ],
    "a kill or a power cut during a recovery": [
        "crash/test_power_cut.py::test_a_recovery_may_be_cut_too",
        "crash/test_power_cut.py::test_a_recovery_relies_on_nothing_that_a_killed_writer_left",
        "unit/storage/test_recovery_progress.py::test_it_can_be_broken_off_and_begun_anew",
    ],
}


def test_each_row_of_the_page_is_held():
    page = text_of("esfilerealm/guarantees.md").partition("## When something goes wrong")[2]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", page.partition("\n## ")[0], re.MULTILINE)
    assert rows[0] == "What happens"
    assert rows[2:] == [*HELD_BY]


def test_the_tests_are_there():
    for tests in HELD_BY.values():
        for test in tests:
            module, _, name = test.partition("::")
            assert re.search(
                rf"^ *def {name}\(", (ROOT / "tests" / module).read_text(), re.MULTILINE
            ), test
