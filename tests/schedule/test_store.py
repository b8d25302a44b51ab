"""One task is one scheduler's, on both databases."""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from genlib.schedule.child import Child
from genlib.schedule.outcome import DONE, FAILED, REFUSED, WAITING, Outcome, put_off
from genlib.schedule.store import LEASE, Store, Task
from genlib.schedule.work import Work

NOW = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
SCHEDULER = Path(__file__).with_name("one_of_four.py")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(url):
    made = Store(url)
    made.add([Task("a", "report", "x", NOW), Task("b", "report", "x", NOW - SECOND)])
    return made


def test_the_oldest_is_claimed_first_and_by_one(store, url):
    other = Store(url)
    claims = [one.claim(["a", "b"], NOW) for one in (store, other, store)]
    assert [claim and claim.key for claim in claims] == ["b", "a", None]


def test_what_is_added_twice_is_there_once(store):
    store.claim(["a"], NOW)
    store.add([Task("a", "report", "x", NOW)])
    assert store.read()["a"]["status"] == "running"


def test_a_claim_is_free_when_its_lease_is_over_and_not_before(store):
    store.claim(["a"], NOW)
    assert store.claim(["a"], NOW + LEASE) is None
    assert store.claim(["a"], NOW + LEASE + SECOND) is not None


def test_a_claim_that_is_renewed_stays(store):
    claim = store.claim(["a"], NOW)
    assert store.renew(claim, NOW + LEASE)
    assert store.claim(["a"], NOW + LEASE + SECOND) is None


def test_who_comes_back_too_late_keeps_nothing(store):
    late = store.claim(["a"], NOW)
    store.claim(["a"], NOW + LEASE + SECOND)
    assert not store.renew(late, NOW + LEASE + SECOND)
    assert not store.finish(late, Outcome(DONE), NOW)
    assert store.read()["a"]["status"] == "running"


def test_what_is_over_is_not_claimed_and_can_be_opened_again_once(store):
    store.finish(store.claim(["a"], NOW), Outcome(FAILED, "stopped", cell=3), NOW)
    row = store.read()["a"]
    assert (row["status"], row["cell"], row["finished_at"]) == (FAILED, 3, NOW)
    assert store.claim(["a"], NOW + LEASE) is None
    assert store.reopen(row, NOW)
    assert not store.reopen(row, NOW)
    assert store.claim(["a"], NOW) is not None


def test_a_table_without_the_column_gets_it_and_all_in_it_is_waited_for(store, url):
    with store._engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE schedule_task DROP COLUMN awaited_since"))
    assert [row["awaited_since"] for row in Store(url).read().values()] == [NOW - SECOND, NOW]


def test_what_was_opened_again_before_the_column_came_is_waited_for_since_then(store, url):
    for key in ("a", "b"):
        store.finish(store.claim([key], NOW), Outcome(REFUSED), NOW)
        store.reopen(store.read()[key], NOW + SECOND)
    store.claim(["b"], NOW + SECOND)
    with store._engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE schedule_task DROP COLUMN awaited_since"))
    rows = Store(url).read()
    assert rows["a"]["awaited_since"] == NOW + SECOND
    assert rows["b"]["awaited_since"] == rows["b"]["due_at"]


def test_a_mail_of_before_reached_nobody_that_is_known(store, url):
    with store._engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE schedule_task DROP COLUMN reached"))
    newer = Store(url)
    assert [row["reached"] for row in newer.read().values()] == ["", ""]
    newer.finish(newer.claim(["a"], NOW), Outcome(DONE, reached=("1f", "2e")), NOW)
    assert newer.read()["a"]["reached"] == "1f 2e"


def test_who_has_a_mail_is_known_though_the_next_try_ends_before_its_server_is_asked(store):
    """As when the register, which keeps the audit trail, cannot be written just then."""
    later = NOW + SECOND
    some = Outcome(WAITING, reached=("1f",), not_before=later)
    store.finish(store.claim(["a"], NOW), some, NOW)
    store.finish(store.claim(["a"], later), Outcome(WAITING, not_before=later), later)
    assert store.read()["a"]["reached"] == "1f"


def test_what_nobody_began_is_struck_and_nothing_else(store):
    store.claim(["a"], NOW)
    store.drop(["a", "b", "c"])
    assert list(store.read()) == ["a"]
    store.drop([])


def test_a_retry_counts_on(store):
    store.finish(store.claim(["a"], NOW), Outcome(FAILED), NOW)
    row = store.read()["a"]
    assert store.retry(row)
    assert not store.retry(row)
    assert store.claim(["a"], NOW).attempts == 2


def test_what_somebody_did_again_meanwhile_is_not_opened_again(store):
    store.finish(store.claim(["a"], NOW), Outcome(DONE), NOW)
    row = store.read()["a"]
    store.reopen(row, NOW)
    store.finish(store.claim(["a"], NOW), Outcome(DONE), NOW + SECOND)
    assert not store.reopen(row, NOW + SECOND)


def test_what_may_pass_is_tried_again_after_a_pause_that_doubles_and_then_no_more():
    broken = Outcome(FAILED, "stopped with OSError", may_pass=True)
    pauses = [put_off(broken, attempt, NOW).not_before for attempt in (1, 2, 3, 4)]
    assert [(pause - NOW).seconds // 60 for pause in pauses] == [1, 2, 4, 8]
    assert put_off(broken, 5, NOW).status == FAILED
    assert put_off(Outcome(FAILED), 1, NOW).status == FAILED


def test_a_pause_is_kept(store):
    claim = store.claim(["a"], NOW)
    store.finish(claim, Outcome(WAITING, not_before=NOW + SECOND), NOW)
    assert store.claim(["a"], NOW) is None
    assert store.claim(["a"], NOW + SECOND).attempts == 2


class Endless:
    """Work that never ends by itself."""

    def __init__(self, key):
        self.is_stopped = False

    def wait(self, seconds):
        return None

    def stop(self):
        self.is_stopped = True


def test_work_that_takes_too_long_is_stopped_and_said_so(store):
    instants = iter(NOW + SECOND * second for second in range(0, 100_000, 50))
    started = []
    work = Work(
        store,
        lambda key: started.append(Endless(key)) or started[-1],
        clock=lambda: next(instants),
        limits={"a": dt.timedelta(minutes=5)},
    )
    work.do(["a"])
    row = store.read()["a"]
    assert (row["status"], row["reason"]) == (FAILED, "took longer than 5 minutes")
    assert [one.is_stopped for one in started] == [True]


def test_work_whose_claim_was_lost_is_stopped_and_keeps_nothing(store):
    started = []

    def lose(key):
        store.claim(["a"], NOW + LEASE + SECOND)  # somebody else, when the machine slept
        started.append(Endless(key))
        return started[-1]

    instants = iter([NOW, NOW, *[NOW + LEASE + SECOND] * 9])
    assert Work(store, lose, clock=lambda: next(instants)).do(["a"]) == 0
    assert started[0].is_stopped
    assert store.read()["a"]["attempts"] == 2


def test_what_a_scheduler_leaves_undone_waits_as_before(store):
    class Interrupted(Endless):
        def wait(self, seconds):
            raise SystemExit(143)

    started = []
    work = Work(store, lambda key: started.append(Interrupted(key)) or started[-1], capacity=2)
    with pytest.raises(SystemExit):
        work.do(["a", "b"])
    assert [one.is_stopped for one in started] == [True, True]
    rows = store.read()
    assert [(rows[key]["status"], rows[key]["attempts"]) for key in "ab"] == [(WAITING, 0)] * 2
    claim = store.claim(["a"], NOW)
    store.claim(["a"], NOW + LEASE + SECOND)  # somebody else
    assert not store.give_back(claim)


def test_of_tasks_that_are_due_together_the_one_that_is_named_first_is_claimed_first(store):
    assert [store.claim(["b", "a"], NOW).key for _ in "ab"] == ["b", "a"]


def test_a_process_can_be_stopped_and_one_that_was_killed_may_be_tried_again():
    endless = Child(time.sleep, 600)
    assert endless.wait(0.1) is None
    endless.stop()
    killed = Child(os._exit, 1)
    outcome = killed.wait(60)
    killed.stop()
    assert (outcome.status, outcome.error, outcome.may_pass) == (FAILED, "Killed", True)


def test_a_task_ends_with_its_scheduler():
    code = (
        "import time; from genlib.schedule.child import Child; "
        "print(Child(time.sleep, 600)._process.pid, flush=True); time.sleep(600)"
    )
    scheduler = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    task = int(scheduler.stdout.readline())
    scheduler.kill()
    scheduler.communicate()
    end = time.monotonic() + 60
    while is_alive(task) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(task)


def is_alive(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"  # nobody may have asked how it ended


def test_a_part_waits_for_its_whole(store):
    store.claim(["b"], NOW)  # elsewhere
    work = Work(store, Endless, clock=lambda: NOW, after={"a": {"b"}})
    assert work.do(["a"]) == 0
    assert store.read()["a"]["status"] == WAITING


def test_four_schedulers_that_are_killed_make_each_of_100_slots_once(url, tmp_path):
    keys = [f"slot {number:03}" for number in range(100)]
    store = Store(url)
    store.add([Task(key, "report", "x", NOW) for key in keys])
    made = tmp_path / "made"
    made.mkdir()
    chance = random.Random(4)  # noqa: S311 - whom to kill
    schedulers = [start_scheduler(url, made) for _ in range(4)]
    kills = 0
    while any(row["status"] != DONE for row in store.read().values()):
        victim = chance.randrange(4)
        if kills < 12 or schedulers[victim].poll() is not None:
            try:
                schedulers[victim].wait(chance.uniform(0.3, 1.2))
            except subprocess.TimeoutExpired:
                os.kill(schedulers[victim].pid, signal.SIGKILL)
                schedulers[victim].wait()
                kills += 1
            assert schedulers[victim].returncode in {0, -signal.SIGKILL}
            schedulers[victim] = start_scheduler(url, made)
        else:
            schedulers[victim].wait(300)
    for scheduler in schedulers:
        assert scheduler.wait(300) in {0, -signal.SIGKILL}
    assert kills >= 6
    assert sorted(path.name for path in made.iterdir() if path.suffix != ".draft") == keys
    attempts = sum(row["attempts"] for row in store.read().values())
    assert 100 <= attempts <= 100 + 2 * kills  # each held two at most when it was killed


def start_scheduler(url, made):
    return subprocess.Popen([sys.executable, SCHEDULER, url, str(made)])
