"""
A power cut at every moment of every write: before or after, both files, and nothing else.

Each scenario is run once and recorded. Then its directory is rebuilt in every state that a power
cut may leave by the rules of ``power_cut.py``, and each state is read as a node does, read by this
package, and recovered. The numbers are printed at the end of the run.

After a kill or a first power cut there would be too many states: ``FIRST_CUTS`` and ``FEW`` limit
how many are tried, drawn with a fixed seed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from crash.fixture_realm import MEMORY, FixtureRealm
from crash.kit import (
    Dead,
    Grants,
    Snapshot,
    intercepted,
    nobody_has_more,
    seen_by_a_node,
    snapshot,
)
from crash.power_cut import (
    DieAfter,
    Disk,
    File,
    Folder,
    Recorder,
    Renamed,
    Synced,
    as_without_ours,
    cuts,
    materialise,
    scan,
    ways_to_choose,
)
from crash.scenarios import TYPICAL, realm, realm_with_links, recover, several_changes, useradd
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder, realm_files, system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crash.power_cut import State

posix = pytest.mark.skipif(os.name == "nt", reason="modes, owners and links of POSIX")

#: How many of the states that a power cut leaves are recovered with another one on the way.
FIRST_CUTS = 20

#: What ``power_cut.LIMIT`` is where a scenario has many recoveries, not one.
FEW = 2**5


@dataclass(frozen=True)
class Rules:
    """
    What a power cut may leave of a folder.

    Attributes:
        folder: Which.
        snapshots: All that is in it, once it is recovered.
        pairs: Both files, as a reader of ours may see them before.
        grants: What a node may see before; None where nothing is promised, since a file is
            overwritten, of which a node may see a part.
    """

    folder: Path
    snapshots: Sequence[Snapshot]
    pairs: Sequence[tuple[bytes, bytes]]
    grants: Sequence[Grants] | None

    def hold(self, states: Iterable[tuple[bool, State]], *at_the_end: Snapshot) -> int:
        """Check all *states*, with other snapshots once all is over; gives their number."""
        points = 0
        for is_over, state in states:
            materialise(state, self.folder)
            with intercepted(as_without_ours):
                read = self._hold(at_the_end if is_over else self.snapshots)
                assert not is_over or read == read_pair(self.folder)
            points += 1
        return points

    def _hold(self, snapshots: Sequence[Snapshot]) -> tuple[bytes, bytes]:
        if self.grants is not None:
            assert nobody_has_more(seen_by_a_node(self.folder), self.grants)
        read = read_pair(self.folder)
        assert read in self.pairs
        recover_if_any(self.folder)
        assert snapshot(self.folder) in snapshots
        return read


def read_pair(folder: Path) -> tuple[bytes, bytes]:
    """Return both files as a reader of this package sees them."""
    files = RealmFolder(folder).read_any()
    return files.users.data, files.users_roles.data


def recover_if_any(folder: Path) -> None:
    """Recover a folder, if there is one; before an ``init`` there is none."""
    if folder.exists():
        recover(folder)


def recorded(folder: Path, act: Callable[[Path], object]) -> Recorder:
    recorder = Recorder(folder)
    go_on(recorder, act, folder)
    return recorder


def go_on(recorder: Recorder, act: Callable[[Path], object], folder: Path) -> None:
    with intercepted(recorder):
        act(folder)
    assert recorder.has_seen_all()


def kills(
    folder: Path, reset: Callable[[], object], act: Callable[[Path], object]
) -> Iterator[Recorder]:
    """Kill *act* after each of its changes, in a folder that was set back."""
    reset()
    for changes in range(len(recorded(folder, act).changes) + 1):
        reset()
        recorder = Recorder(folder)
        with suppress(Dead), intercepted(DieAfter(changes, recorder)):
            act(folder)
        if len(recorder.changes) == changes:  # some calls make two
            yield recorder


@pytest.fixture
def place():
    """A folder in memory, if there is one, where it costs little to make a state real."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture(params=TYPICAL)
def case(request, place, monkeypatch):
    monkeypatch.setattr(realm_files, "_STILL", 0.0)  # so that no login waits
    case = FixtureRealm(request.param, place)
    case.reset()
    return case


@pytest.fixture
def rules(request, case):
    is_in_place = "in place" in request.node.callspec.params["case"]
    return rules_of(case) if not is_in_place else replace(rules_of(case), grants=None)


def rules_of(case: FixtureRealm) -> Rules:
    return Rules(
        case.folder,
        [case.before, case.after],
        case.pairs,
        case.grants,
    )


@posix
@pytest.mark.slow
@pytest.mark.timeout(600)
class TestPowerCut:
    """Whatever it leaves of unsynced changes, in whatever order they reached the disk."""

    def test_a_write_is_whole_or_not_made(self, case, rules, record_property):
        """Before it has returned, either will do; afterwards, it is made."""
        recorder = recorded(case.folder, case.scenario.act)
        record_property("crash points", rules.hold(cuts(recorder), case.after))

    def test_a_recovery_may_be_cut_too(self, case, rules, record_property):
        """What a recovery has come to, once it has returned, stays."""
        recorder = recorded(case.folder, case.scenario.act)
        states = [state for _, state in cuts(recorder)]
        points = 0
        for state in Random(0).sample(states, min(len(states), FIRST_CUTS)):
            materialise(state, case.folder)
            recorder = recorded(case.folder, recover_if_any)
            points += rules.hold(cuts(recorder, limit=FEW), snapshot(case.folder))
        record_property("crash points", points)

    def test_a_recovery_relies_on_nothing_that_a_killed_writer_left(
        self, case, rules, record_property
    ):
        """What was not durable when it was killed is not by having been found there."""
        points = 0
        for recorder in kills(case.folder, case.reset, case.scenario.act):
            begin = len(recorder.changes)
            go_on(recorder, recover_if_any, case.folder)
            points += rules.hold(cuts(recorder, begin, FEW), case.before, case.after)
        record_property("crash points", points)


def nothing(folder: Path) -> None:
    """There is no folder yet."""


def realm_with_a_link_to_nothing(folder: Path) -> None:
    realm_with_links(folder)
    (folder / "users_roles.d" / "real").unlink()


def both_files(folder: Path) -> None:
    with UsersTool(folder).transaction() as change:
        change.passwd("bob", password_hash=SHA_HASH)
        change.roles("bob", add=["superuser"])


def in_place(folder: Path) -> None:
    useradd(folder, strategy="in_place")


def init(folder: Path) -> None:
    """Recover, like any write, and make the files that are missing."""
    UsersTool(folder).init()


def one_file_back(folder: Path) -> None:
    UsersTool(folder).passwd("bob", password_hash=CHEAP_HASH)


def one_file(folder: Path) -> None:
    UsersTool(folder).passwd("jim", password_hash=SHA_HASH)


def first_user(folder: Path) -> None:
    UsersTool(folder).useradd("first", password_hash=CHEAP_HASH)


#: What there is, what is killed, and what is written then.
WRITES_AFTER_A_KILL = {
    "one file, back to what it was": (realm, both_files, one_file_back),
    "one file": (realm, both_files, one_file),
    "both files": (realm, both_files, several_changes),
    "one file, after an overwrite": (realm, in_place, one_file),
    "one file, after the first files": (nothing, init, first_user),
    "one file, after a new one elsewhere": (realm_with_a_link_to_nothing, init, one_file),
}


@posix
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("prepare", "act", "then"), WRITES_AFTER_A_KILL.values(), ids=WRITES_AFTER_A_KILL
)
def test_a_write_stands_whatever_a_killed_one_left(prepare, act, then, place, record_property):
    """
    What a killed writer removed or made may come back or go again, if it is not durable.

    Above all its record: it must neither take back what was written since nor lie about.
    """
    folder, points = place / "config", 0

    def reset() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        prepare(folder)

    def look() -> tuple[Snapshot, tuple[bytes, bytes], Grants]:
        return snapshot(folder), read_pair(folder), seen_by_a_node(folder)

    reset()
    before = look()
    for recorder in kills(folder, reset, act):
        go_on(recorder, init, folder)
        between, begin = look(), len(recorder.changes)
        go_on(recorder, then, folder)
        after = look()
        rules = Rules(folder, *zip(before, between, after, strict=True))
        points += rules.hold(cuts(recorder, begin, FEW), after[0])
    record_property("crash points", points)


#: A small folder, and what is written into it.
ATTRIBUTES = (0o640, os.getuid(), os.getgid()) if os.name != "nt" else (0o640, 0, 0)
OLD = File(1, b"old", ATTRIBUTES)
START = {"r": Folder((0o750, *ATTRIBUTES[1:])), "r/t": OLD}
EMPTY = File(2, b"", ATTRIBUTES)
NEW = replace(EMPTY, data=b"newer")
MADE = (EMPTY, Renamed({"r/n": 2}))
REPLACED = Renamed({"r/n": None, "r/t": 2})


def left(*changes: Renamed | File | Synced) -> list[dict[str, bytes]]:
    """Return what the files of the small directory may hold after a power cut."""
    disk = Disk(START)
    for change in changes:
        disk.do(change)
    states: list[dict[str, bytes]] = []
    for state in disk.after_power_cut():
        files = {path: node.data for path, node in state.items() if isinstance(node, File)}
        if files not in states:
            states.append(files)
    return states


class TestModel:
    """Each rule of ``power_cut.py``, by the least that shows it."""

    def test_what_is_durable_is_all_that_is_left(self):
        changes = (*MADE, NEW, Synced(2), REPLACED, Synced("r"))
        assert left(*changes) == [{"r/t": b"newer"}]

    def test_without_an_fsync_of_the_folder_it_is_the_old_file_or_the_new_one(self):
        changes = (*MADE, Synced("r"), NEW, Synced(2), REPLACED)
        assert left(*changes) == [{"r/t": b"old", "r/n": b"newer"}, {"r/t": b"newer"}]

    def test_without_an_fsync_of_the_file_it_may_be_empty_torn_or_zeros(self):
        changes = (*MADE, NEW, REPLACED, Synced("r"))
        contents = {files["r/t"] for files in left(*changes)}
        assert contents == {
            *(b"", b"new", b"newer", b"new\0\0", b"\0\0\0er"),
            *(b"\0\0\0", b"\0\0\0\0\0"),
        }

    def test_an_fsync_of_a_file_is_none_of_its_name(self):
        assert left(*MADE, NEW, Synced(2)) == [
            {"r/t": b"old"},
            {"r/t": b"old", "r/n": b"newer"},
        ]

    def test_a_later_change_of_a_name_may_be_there_without_an_earlier_one(self):
        earlier, later = Renamed({"r/a": 1}), Renamed({"r/t": None})
        assert {} in left(earlier, later)
        assert {"r/a": b"old", "r/t": b"old"} in left(earlier, later)

    def test_a_rename_is_whole_or_not_there(self):
        states = left(Renamed({"r/t": None, "r/a": 1}))
        assert states == [{"r/t": b"old"}, {"r/a": b"old"}]

    def test_an_overwritten_file_may_be_a_mix_of_old_new_and_zeros(self):
        contents = {files["r/t"] for files in left(replace(OLD, data=b"newer"))}
        assert contents == {b"old", b"new", b"older", b"newer", b"old\0\0", b"new\0\0"}

    def test_attributes_may_be_lost_by_themselves(self):
        disk = Disk(START)
        disk.do(replace(OLD, attributes=(0o600, *ATTRIBUTES[1:])))
        modes = {state["r/t"].attributes[0] for state in disk.after_power_cut()}
        assert modes == {0o640, 0o600}

    def test_what_is_in_a_lost_folder_is_lost(self):
        changes = (Renamed({"r/f": Folder(ATTRIBUTES)}), EMPTY, Renamed({"r/f/n": 2}))
        assert left(*changes, Synced("r/f")) == [{"r/t": b"old"}, {"r/t": b"old", "r/f/n": b""}]

    def test_two_names_of_one_file_hold_the_same(self):
        changes = (Renamed({"r/a": 1}), Synced("r"), replace(OLD, data=b"newer"))
        assert all(files["r/a"] == files["r/t"] for files in left(*changes))

    def test_few_ways_are_all_tried_and_many_in_a_sample_with_the_extremes(self):
        assert len(set(ways_to_choose([2] * 10))) == 2**10
        sample = set(ways_to_choose([2] * 40))
        alone = {tuple(int(at == one) for at in range(40)) for one in range(40)}
        but_one = {tuple(1 - value for value in way) for way in alone}
        up_to_one = {(1,) * one + (0,) * (40 - one) for one in range(41)}
        assert sample >= alone | but_one | up_to_one
        assert len(sample) > len(alone | but_one | up_to_one)
        assert sample == set(ways_to_choose([2] * 40))


@posix
class TestRecorder:
    """It sees what the storage room does, and nothing else."""

    def test_a_folder_is_made_what_was_recorded(self, tmp_path):
        config = tmp_path / "config"
        realm_with_links(config)
        (config / "users.d/second").hardlink_to(config / "users.d/real")
        before, state = snapshot(config), scan(config)
        shutil.rmtree(config)
        materialise(state, config)
        assert snapshot(config) == before
        assert scan(config) == state
        with intercepted(as_without_ours):
            assert system.stat(config / "users.d/second").st_nlink == 2

    def test_all_calls_that_change_something_are_noted(self, tmp_path):
        realm(tmp_path / "config")
        recorder = Recorder(tmp_path / "config")
        with intercepted(recorder):
            several_changes(tmp_path / "config")
        assert recorder.has_seen_all()

    def test_a_change_past_the_room_is_found_out(self, tmp_path):
        realm(tmp_path / "config")
        recorder = Recorder(tmp_path / "config")
        (tmp_path / "config/users").write_bytes(b"")
        assert not recorder.has_seen_all()

    @pytest.mark.parametrize("kind", [int, str], ids=["of files", "of folders"])
    def test_a_write_without_its_fsyncs_is_found_out(self, place, kind):
        """Otherwise the tests above would prove nothing."""
        case = FixtureRealm("several changes", place)
        case.reset()
        recorder = recorded(case.folder, case.scenario.act)
        recorder.changes = [
            change
            for change in recorder.changes
            if not (isinstance(change, Synced) and isinstance(change.what, kind))
        ]
        with pytest.raises(AssertionError):
            rules_of(case).hold(cuts(recorder), case.before, case.after)
