"""A folder of results is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watching import at_every_event

from backpain_stats import ArgumentError, write_template
from backpain_stats.outputs import MANIFEST, Stamp, output_folder, placing, replacing

# The children of these tests end at once: threads of the test runner do not matter to them.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

STAMP = Stamp("backpain-stats panel", "3f2a90c1d4e7", 1, "0.1.0", "2026-11-22")
OLD = {"index.html": "old", "tables/a.csv": "old", "tables/b.csv": "old", "figures/c.svg": "old"}
NEW = {"index.html": "new", "tables/a.csv": "new", "tables/d.csv": "new", "extra/e.svg": "new"}


def build(out: Path, files: dict[str, str], **options) -> None:
    with output_folder(out, STAMP, page="index.html", **options) as run:
        for name, text in files.items():
            path = run.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def contents(folder: Path) -> dict[str, str]:
    """Return the files of a folder by name, the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


# --- Kill at every file ---


def killed_at(event: int, work: Callable[[], None]) -> bool:
    """Run in a process that ends at once before its n-th event; say whether it got there."""
    child = os.fork()
    if child == 0:
        left = event

        def count() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)

        with at_every_event(count):
            work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def kill_everywhere(prepare: Callable[[], Path], work: Callable[[Path], None]) -> Iterator[Path]:
    """Kill the work before each of its events, each time on a folder prepared anew."""
    event = 0
    while True:
        out = prepare()
        if not killed_at(event, lambda out=out: work(out)):
            assert event > 10
            return
        yield out
        event += 1


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that gives an empty place, another one each time."""
    number = 0

    def place() -> Path:
        nonlocal number
        number += 1
        (tmp_path / str(number)).mkdir()
        return tmp_path / str(number) / "out"

    return place


def test_killed_at_every_file_the_folder_is_the_old_one_or_the_new_one(fresh):
    def prepare() -> Path:
        out = fresh()
        build(out, OLD)
        (out / "mine.txt").write_text("mine")
        return out

    states = []
    for out in kill_everywhere(prepare, lambda out: build(out, NEW)):
        states.append(contents(out))
        assert states[-1] in (OLD | {"mine.txt": "mine"}, NEW | {"mine.txt": "mine"})
        # The next run is not hindered by what the killed one left, and clears it away.
        build(out, NEW)
        assert contents(out) == NEW | {"mine.txt": "mine"}
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert len({json.dumps(state) for state in states}) == 2


def test_killed_at_every_file_a_first_run_leaves_nothing_or_everything(fresh):
    for out in kill_everywhere(fresh, lambda out: build(out, NEW)):
        assert not out.exists() or contents(out) == NEW


def test_killed_at_every_file_the_template_is_whole_or_not_there(fresh):
    whole = fresh()
    write_template(whole)
    for out in kill_everywhere(fresh, write_template):
        assert not out.exists() or contents(out) == contents(whole)


def test_where_folders_cannot_change_places_no_page_stands_over_a_mixture(fresh, monkeypatch):
    monkeypatch.setattr(placing, "_exchange", lambda one, other: False)

    old, new = {"index.html": "old", "a.csv": "old"}, {"index.html": "new", "b.csv": "new"}

    def prepare() -> Path:
        out = fresh()
        build(out, old)
        return out

    for out in kill_everywhere(prepare, lambda out: build(out, new)):
        found = contents(out)
        assert found in (old, new) or "index.html" not in found
        # The next run finishes the killed one: what it had not removed yet is not litter.
        build(out, old)
        assert contents(out) == old
        assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("failing", range(len(NEW) + 1))  # one move each, and the manifest
def test_an_error_at_every_file_puts_the_old_folder_back(tmp_path, monkeypatch, failing):
    monkeypatch.setattr(placing, "_exchange", lambda one, other: False)
    out, replace, moves = tmp_path / "out", os.replace, 0
    build(out, OLD)
    before = (out / MANIFEST).read_bytes()

    def fail_once(source: Path, target: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == failing + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(ArgumentError, match="No space left on device; what was there is unchanged"):
        build(out, NEW)
    assert contents(out) == OLD
    assert (out / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failing_computation_changes_nothing_and_leaves_nothing(tmp_path):
    out = tmp_path / "new" / "out"

    def fail() -> None:
        with output_folder(out, STAMP) as run:
            (run.folder / "index.html").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


# --- Whose files ---


def test_only_what_an_earlier_run_wrote_and_nobody_changed_is_removed(tmp_path):
    out = tmp_path / "out"
    build(out, OLD)
    (out / "tables" / "b.csv").write_text("corrected by hand")
    (out / "figures" / "mine.svg").write_text("mine")
    (out / "empty").mkdir()
    (out / "link").symlink_to("nowhere")
    build(out, NEW)
    assert contents(out) == NEW | {
        "tables/b.csv": "corrected by hand",
        "figures/mine.svg": "mine",
    }
    assert (out / "empty").is_dir()
    assert os.readlink(out / "link") == "nowhere"


@pytest.mark.parametrize("name", ["index.html", "tables/a.csv", MANIFEST])
def test_a_file_of_another_is_replaced_only_by_force(tmp_path, name):
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("{}")
    with pytest.raises(ArgumentError, match=rf"holds {name}: no earlier run wrote it.*--force"):
        build(out, NEW)
    assert [path.read_text() for path in out.rglob("*.*")] == ["{}"]
    build(out, NEW, force=True)
    assert contents(out) == NEW


def test_a_changed_file_is_replaced_only_by_force_and_the_same_one_never_asks(tmp_path):
    out = tmp_path / "out"
    build(out, OLD)
    (out / "tables" / "a.csv").write_text("changed")
    with pytest.raises(ArgumentError, match=r"holds tables/a\.csv: .* changed since"):
        build(out, NEW)
    # As in a checkout, in which tables are kept and page and manifest are not.
    (out / MANIFEST).unlink()
    (out / "index.html").unlink()
    build(out, {"index.html": "new", "tables/b.csv": "old"})
    assert (out / "index.html").read_text() == "new"


def test_the_page_is_looked_at_before_anything_is_computed(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with (
        pytest.raises(ArgumentError, match=r"holds index\.html"),
        output_folder(tmp_path, STAMP, page="index.html"),
    ):
        pytest.fail("computed")


def test_what_a_person_fills_in_is_never_removed(tmp_path):
    out = tmp_path / "out"
    with output_folder(out, STAMP) as run:
        (run.folder / "sheet.csv").write_text("empty")
        run.to_fill_in.append("sheet.csv")
    build(out, NEW)
    assert contents(out) == NEW | {"sheet.csv": "empty"}


def test_a_file_added_to_a_folder_leaves_the_others_listed(tmp_path):
    out = tmp_path / "out"
    build(out, OLD)
    build(out, {"index.html": "one page"}, whole=False)
    assert contents(out) == OLD | {"index.html": "one page"}
    build(out, {"index.html": "again"}, whole=False)
    build(out, NEW)
    assert contents(out) == NEW


def test_the_manifest_says_what_was_written_and_nothing_of_the_machine(tmp_path):
    out = tmp_path / "out"
    build(out, NEW)
    text = (out / MANIFEST).read_text()
    (run,) = json.loads(text)["runs"]
    assert run["files"] == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in NEW.items()
    }
    assert {name: run[name] for name in STAMP.to_dict()} == STAMP.to_dict()
    assert str(tmp_path) not in text


def test_the_current_folder_is_not_taken_from_under_the_shell(tmp_path, monkeypatch):
    out = tmp_path / "out"
    build(out, OLD)
    monkeypatch.chdir(out)
    inode = out.stat().st_ino
    build(Path(), NEW)
    assert (contents(out), out.stat().st_ino) == (NEW, inode)


def test_nothing_is_made_beside_a_folder_where_nothing_can_be_made(tmp_path, monkeypatch):
    out, seen = tmp_path / "out", set()
    out.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with at_every_event(lambda: seen.update(path.name for path in tmp_path.iterdir())):
        build(out, OLD)
        build(out, NEW)
    assert seen == {"out"}
    assert contents(out) == NEW


def test_what_is_saved_while_the_folders_change_places_is_kept(tmp_path, monkeypatch):
    out = tmp_path / "out"
    build(out, OLD)
    (out / "sheet.csv").write_text("empty")
    exchange = placing._exchange

    def saved_just_before(one: Path, other: Path) -> bool:
        (out / "next.csv").write_text("filled in")  # as editors save: beside, then renamed
        os.replace(out / "next.csv", out / "sheet.csv")
        (out / "second.csv").write_text("new")
        return exchange(one, other)

    monkeypatch.setattr(placing, "_exchange", saved_just_before)
    build(out, NEW)
    assert contents(out) == NEW | {"sheet.csv": "filled in", "second.csv": "new"}


# --- Two runs, and places that cannot be written to ---


def _hold(out: Path, ready, done) -> None:
    with output_folder(out, STAMP) as run:
        (run.folder / "index.html").write_text("first")
        ready.set()
        done.wait(20)


def test_two_runs_into_one_folder_exclude_each_other(tmp_path):
    out = tmp_path / "out"
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    first = context.Process(target=_hold, args=(out, ready, done))
    first.start()
    assert ready.wait(20)
    with pytest.raises(ArgumentError, match=r"another run is writing to '.*out'; wait"):
        build(out, NEW)
    done.set()
    first.join()
    assert contents(out) == {"index.html": "first"}
    build(out, NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("name", "words"), [("", "is empty"), ("file", "is a file")])
def test_a_name_that_is_no_folder_is_refused(tmp_path, monkeypatch, name, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match=words):
        build(name, NEW)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_single_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(ArgumentError, match=r"t\.csv' is there already; --force"), replacing(path):
        pytest.fail("computed")

    def fill_the_disk() -> None:
        with replacing(path, force=True) as new:
            new.write_text("ha")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ArgumentError, match=r"t\.csv' cannot be written: No space"):
        fill_the_disk()
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]
    with replacing(path, force=True) as new:
        new.write_text("new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "is empty"), ("/dev/null", "no regular file"), ("no/such/t.csv", "no such folder")],
)
def test_a_place_where_no_file_can_be_is_refused(path, words):
    with pytest.raises(ArgumentError, match=words), replacing(path, force=True):
        pytest.fail("computed")
