"""Copies of the repository in which `tools/mutants.py` runs tests, and which tests run which line, measured in one."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from coverage import Coverage, CoverageData

from imports import files

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "mutants"
DATA = ROOT.parent / "shared" / "data"
ENOUGH = 60
"""Seconds of tests that a mutant meets at most: where more tests run its line, the longest are left out."""
START, GRACE = 60, 2
"""Seconds to begin, and how many times as long as measured the tests may take before they count as hanging."""

SETTINGS = """\
[run]
data_file = {folder}/coverage
include = {copy}/src/*
context = ${{MUTANTS_CONTEXT-}}
parallel = true
sigterm = true
disable_warnings = no-data-collected
"""


def environment(copy: Path) -> dict[str, str]:
    """That of processes that test a copy: on one thread each, and quiet, as the tests' own conftest wants it."""
    temporary = copy.with_suffix(".tmp")
    temporary.mkdir(exist_ok=True)
    paths = [copy / "src", copy / "tools", *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "TMPDIR": str(temporary), "KERAS_HOME": str(temporary)}
    ours |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
    ours |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg", "LATENTE_LANG": "en"}
    data = {"LATENTE_TEST_DATA": str(DATA)} if DATA.is_dir() else {}
    return data | os.environ | ours


class Copy:
    """A copy of what git knows and does not ignore, with a process in which the libraries are imported already."""

    def __init__(self, name: str):
        self.path = FOLDER / name
        self.log = self.path.with_suffix(".log")
        shutil.rmtree(self.path, ignore_errors=True)
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        for each in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
            if (ROOT / each).is_file():
                (self.path / each).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / each, self.path / each)
        self.server: subprocess.Popen[str] | None = None
        self.sound: dict[tuple[str, ...], bool] = {}

    def killer(self, path: str, mutated: str, tests: dict[str, float]) -> str | None:
        """The test that fails on a mutant, or what else ended it; nothing where all tests pass.

        A test that fails without a mistake, such as one that needs another before it, says nothing and is left out;
        None where all do.
        """
        file = self.path / path
        source = file.read_text(encoding="utf-8")
        while tests:
            try:
                self._write(file, mutated)
                code, failed = self._run(tests)
            finally:
                self._write(file, source)
            if code == 0:
                return ""
            # An import that fails shows in any test; whether a machine is only slow shows in all of them.
            blamed = (failed,) if failed else tuple(tests) if code is None else tuple(tests)[:1]
            if blamed not in self.sound:
                self.sound[blamed] = self._run({test: tests.get(test, START) for test in blamed})[0] == 0
            if self.sound[blamed]:
                return failed or {None: "no end", -1: "a crash"}.get(code, "an error on import")
            tests = {test: seconds for test, seconds in tests.items() if test not in blamed}
            if not tests:
                return None
        return ""

    def close(self) -> None:
        """Ends its process, which ends the test that runs in it."""
        if self.server:
            self.server.terminate()

    def _write(self, file: Path, text: str) -> None:
        Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)  # Python may take it for the newer
        file.write_text(text, encoding="utf-8")

    def _run(self, tests: dict[str, float]) -> tuple[int | None, str]:
        if self.server is None:
            command = [sys.executable, self.path / "tools" / "mutants_inside.py"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log.open("w")}
            self.server = subprocess.Popen(command, cwd=self.path, env=environment(self.path), text=True, **pipes)
        seconds = START + GRACE * sum(tests.values())
        print(json.dumps([list(tests), seconds]), file=self.server.stdin, flush=True)
        return tuple(json.loads(self.server.stdout.readline()))


class Cover:
    """Which tests run each line of `src`, and how long they take."""

    def __init__(self, jobs: int):
        self.notes = FOLDER / "cover" / "notes.json"
        self.notes.parent.mkdir(parents=True, exist_ok=True)
        self.data = CoverageData(str(self.notes.with_name("coverage")))
        known = json.loads(self.notes.read_text()) if self.notes.exists() else {"files": {}, "tests": {}}
        now = {
            path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in ("src/latente", "tests")
            for path in sorted((ROOT / folder).rglob("*.py"))
        }
        self.tests: dict[str, tuple[float, list[str]]] = known["tests"]
        self.lines: dict[str, dict[int, set[str]]] = {}
        texts = " ".join(now[path] for path in now if path.startswith("tests/"))
        self.stamp = hashlib.sha256(texts.encode()).hexdigest()[:8]
        different = {path for path in now.keys() | known["files"].keys() if now.get(path) != known["files"].get(path)}
        if different:
            self._measure(sorted(self._stale(different) if known["files"] else ["tests"]), different, jobs)
            self.notes.write_text(json.dumps({"files": now, "tests": self.tests}))

    def _stale(self, different: set[str]) -> set[str]:
        """The files of tests that changed, or run code that did; all where something changed that they share."""
        if any(path.startswith("tests/") and not Path(path).name.startswith("test_") for path in different):
            return {"tests"}
        code = {path for path in different if path.startswith("src/")}
        running = {test.split("::")[0] for path in code for tests in self.of_file(path).values() for test in tests}
        return {path for path in running | (different - code) if (ROOT / path).exists()}

    def _measure(self, tests: list[str], different: set[str], jobs: int) -> None:
        copy, folder = Copy("cover-copy"), self.notes.parent
        print(f"Which tests run which line: runs {' '.join(tests)}", flush=True)
        for left in (*folder.glob("coverage.*.*"), *folder.glob("tests-*.json")):  # by an interrupted run
            left.unlink()
        self.data.read()
        if self.data.measured_files():
            self.data.purge_files([str(copy.path / path) for path in different])
        (folder / "settings.ini").write_text(SETTINGS.format(folder=folder, copy=copy.path))
        # Begins in every process: pytest's workers, and the commands and services that tests start.
        variables = environment(copy.path) | {"COVERAGE_PROCESS_START": str(folder / "settings.ini")}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "mutants_inside", "-n", str(jobs), "--dist", "loadfile"]
        subprocess.run([*command, *tests], cwd=copy.path, env=variables, check=False)
        self.data.close()
        measured = Coverage(config_file=str(folder / "settings.ini"), messages=False)
        measured.load()
        measured.combine(strict=True)
        measured.save()
        self.lines = {}
        gone = {test for test in self.tests if tests == ["tests"] or test.split("::")[0] in different.union(tests)}
        self.tests = {test: notes for test, notes in self.tests.items() if test not in gone}
        for notes in folder.glob("tests-*.json"):
            self.tests |= json.loads(notes.read_text())
            notes.unlink()

    def of_file(self, path: str) -> dict[int, set[str]]:
        """The tests that run each line of a file; what makes a shared fixture is run by all that use the fixture."""
        if path not in self.lines:
            self.data.read()
            users = defaultdict(set)
            for test, (_, fixtures) in self.tests.items():
                users[test] = {test}
                for fixture in fixtures:
                    users[f"fixture {fixture}"].add(test)
            contexts = self.data.contexts_by_lineno(str(FOLDER / "cover-copy" / path))
            self.lines[path] = {
                line: set().union(*(users.get(name, set()) for name in names)) for line, names in contexts.items()
            }
        return self.lines[path]

    def of_line(self, path: str, line: int) -> dict[str, float]:
        """The tests of a line with their seconds: the quickest first, those of one file together."""
        tree = tree_of(path)
        found = self._running(path, lines_that_show(tree, line))
        if not found and not function_at(tree, line):
            module = path.removeprefix("src/")
            for importer in (f"src/{name}" for name, imported in imports().items() if module in imported):
                found |= self._running(importer, inside_functions(tree_of(importer)))
        kept: dict[str, float] = {}
        for test in sorted(found, key=lambda test: self.tests[test][0]):
            if sum(kept.values()) + self.tests[test][0] <= ENOUGH or not kept:
                kept[test] = self.tests[test][0]
        of_file: dict[str, float] = defaultdict(float)
        for test, seconds in kept.items():
            of_file[test.split("::")[0]] += seconds
        order = sorted(kept, key=lambda test: (of_file[test.split("::")[0]], test.split("::")[0], kept[test]))
        return {test: kept[test] for test in order}

    def _running(self, path: str, lines: set[int]) -> set[str]:
        return set().union(*(tests for line, tests in self.of_file(path).items() if line in lines))


imports = cache(files)


@cache
def tree_of(path: str) -> ast.Module:
    """The syntax of a file of the repository."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def function_at(tree: ast.Module, line: int) -> ast.FunctionDef | None:
    """The innermost function that a line lies in, with its decorators."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    around = [
        each
        for each in functions
        if min([each.lineno, *(one.lineno for one in each.decorator_list)]) <= line <= each.end_lineno
    ]
    return around[-1] if around else None


def inside_functions(tree: ast.Module) -> set[int]:
    """The lines of a file that run when something is called, not when it is imported."""
    bodies = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {line for each in bodies for line in range(each.body[0].lineno, each.end_lineno + 1)}


def lines_that_show(tree: ast.Module, line: int) -> set[int]:
    """The lines whose tests may see a change of one: its statement's; its function's, where it is in the signature.

    What runs on import, such as a constant, may show in every function of the file.
    """
    function = function_at(tree, line)
    if function is None:
        return inside_functions(tree)
    if line < function.body[0].lineno:
        return set(range(function.body[0].lineno, function.end_lineno + 1))
    around = [
        node for node in ast.walk(function) if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno
    ]
    statement = around[-1]
    body = getattr(statement, "body", None)
    end = max(body[0].lineno - 1, statement.lineno) if body else statement.end_lineno
    return set(range(statement.lineno, end + 1))
