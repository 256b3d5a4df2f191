"""What `tools/mutants.py` has inside the processes of the tests: a plugin of pytest, and a server that judges mutants.

As a plugin it tells coverage which test is running, or which shared fixture is being made, and notes how long each test
takes. A fixture's lines belong to every test that uses it, not only to the first, for which it was made.
As a program it imports what takes seconds once, and forks itself for each mutant that it is asked about.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.metadata
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HEAVY = (
    "keras tensorflow sklearn.linear_model sklearn.neighbors scipy.stats matplotlib.pyplot pydantic fastapi rich h5py"
)
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
CONTEXT = "MUTANTS_CONTEXT"
"""The variable that names the context; processes that a test starts read it, too, as the configuration says."""
TESTS = pytest.StashKey[dict]()


def _turn_to(context: str) -> None:
    import coverage

    os.environ[CONTEXT] = context
    if measuring := coverage.Coverage.current():
        measuring.switch_context(context)


def pytest_configure(config: pytest.Config) -> None:
    """Begins the notes."""
    config.stash[TESTS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Each test is a context of its own."""
    begin = time.monotonic()
    _turn_to(item.nodeid)
    try:
        return (yield)
    finally:
        _turn_to("")
        item.config.stash[TESTS][item.nodeid] = time.monotonic() - begin, getattr(item, "fixturenames", [])


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A shared fixture is one, too."""
    test = os.environ.get(CONTEXT, "")
    if fixturedef.scope != "function":
        _turn_to(f"fixture {fixturedef.argname}")
    try:
        return (yield)
    finally:
        _turn_to(test)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leaves the notes beside the coverage."""
    if tests := session.config.stash[TESTS]:
        notes = Path(os.environ["COVERAGE_PROCESS_START"]).with_name(f"tests-{os.getpid()}.json")
        notes.write_text(json.dumps(tests))


class Blame:
    """The test that failed."""

    test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps the first."""
        if report.failed:
            self.test = self.test or report.nodeid


def judge(tests: list[str], answer: Any) -> None:
    """Runs tests in this process until one fails, and sends pytest's exit code and that test."""
    os.setsid()  # to end it with all that it starts
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    blame = Blame()
    code = pytest.main([*OPTIONS, *tests], plugins=[blame])
    answer.send((int(code), blame.test))


def serve() -> None:
    """Answers each line of tests and seconds by one with the exit code (None: no time left) and the failed test."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests print is no answer
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # which ends the tests, too
    folder = os.environ["TMPDIR"]
    for name in HEAVY.split():
        importlib.import_module(name)
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()  # pytest collects garbage at each end, and need not look through all of this
    fork = multiprocessing.get_context("fork")
    for line in sys.stdin:
        tests, seconds = json.loads(line)
        tempfile.tempdir = os.environ["TMPDIR"] = tempfile.mkdtemp(dir=folder)
        here, there = fork.Pipe(duplex=False)
        child = fork.Process(target=judge, args=(tests, there))
        child.start()
        there.close()
        try:
            verdict = here.recv() if here.poll(seconds) else (None, "")
        except EOFError:  # it crashed
            verdict = (-1, "")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.join()
            shutil.rmtree(tempfile.tempdir, ignore_errors=True)
        print(json.dumps(verdict), file=answers, flush=True)


if __name__ == "__main__":
    serve()
