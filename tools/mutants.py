"""Mutation testing, `make mutants`: makes one mistake after another in `src`, and says which no test notices.

Cosmic-ray makes the mutants and keeps the verdicts, in build/mutants/session.sqlite, so that an interrupted run
goes on. Each mutant stands in a copy of the repository and meets only the tests that run its line, the quickest first,
as coverage has noted in a run of all tests. CONTRIBUTING.md tells how it is used.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from queue import SimpleQueue

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from mutants_copies import FOLDER, ROOT, Copy, Cover

EQUIVALENT = "tests/equivalent_mutants.toml"
ROOMS = ("model", "evaluation", "training", "data", "serving", "export", "cli", "lesson")
UNSEEN = ("strict", "frozen", "seed")
"""Arguments that only tell a programmer's mistake, and a seed, as good as any other."""
LARGE = 256
"""From here on, one more or less is not what is mistaken in a number."""
OPERATORS = [
    *("AddNot", "NumberReplacer", "ZeroIterationForLoop", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Invert"),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("FloorDiv_Mul", "Mod_FloorDiv", "BitAnd_BitOr")),
]
"""Mistakes that are made: not | of types, nor decorators and caught exceptions, whose loss any use shows."""


@dataclass(frozen=True)
class Mutant:
    """One operator at one place of a file."""

    path: str
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]

    @cached_property
    def source(self) -> str:
        """The file as it stands."""
        return read(self.path)

    @cached_property
    def mutated(self) -> str:
        """The file with the mistake."""
        text = mutate_code(self.source, get_operator(f"core/{self.operator}")(), self.occurrence)
        lines, (row, column) = text.splitlines(keepends=True), self.start
        line = lines[row - 1]
        lines[row - 1] = line[:column] + line[column:].removeprefix(" ")  # which cosmic-ray adds or leaves
        return "".join(lines)

    @cached_property
    def change(self) -> tuple[str, str, str]:
        """The file, the line, and what becomes of it."""
        lines = (text.splitlines()[self.start[0] - 1].strip() for text in (self.source, self.mutated))
        return self.path, *lines

    @cached_property
    def name(self) -> str:
        """What makes it this mutant: another when its file changes."""
        return digest(f"{self.path} {self.operator} {self.occurrence} {self.source}")

    @property
    def is_python(self) -> bool:
        """Whether it is a program at all."""
        try:
            compile(self.mutated, self.path, "exec")
        except SyntaxError:
            return False
        return True

    @property
    def room(self) -> str:
        """The folder of `src/latente`."""
        return self.path.split("/")[2]

    @property
    def diff(self) -> str:
        """The mistake, in short."""
        path, line, becomes = self.change
        return f"{path}:{self.start[0]}\n-    {line}\n+    {becomes}"

    def item(self) -> WorkItem:
        """What cosmic-ray's session keeps of it."""
        place = {"start_pos": self.start, "end_pos": self.end}
        spec = MutationSpec(Path(self.path), f"core/{self.operator}", self.occurrence, **place)
        return WorkItem.single(self.name, spec)


@cache
def read(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Short, and as good as unique."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mutants(path: str) -> Iterator[Mutant]:
    """Every mutant of a file, but for noise and what is no Python."""
    tree = list(ast_nodes(get_ast(read(path))))
    for operator in OPERATORS:
        made = get_operator(f"core/{operator}")()
        places = ((node, *place) for node in tree for place in made.mutation_positions(node))
        yield from (Mutant(path, operator, i, *at) for i, (node, *at) in enumerate(places) if not is_noise(node))


def is_noise(node) -> bool:
    """Whether a change here is no mistake that a test should see."""
    above = node.parent
    return bool(
        (node.search_ancestor("fstring") and node.search_ancestor("raise_stmt"))  # the text of an error
        or (node.type == "operator" and above.type in ("parameters", "lambdef", "dictorsetmaker"))  # marks arguments
        or (node.type == "if_stmt" and node.children[1].get_code().strip() == "TYPE_CHECKING")
        or (above and above.type in ("argument", "param") and name_of(above.children[0]) in UNSEEN)
        or (node.type == "number" and node.value.replace("_", "").isdigit() and int(node.value) > LARGE)
    )


def name_of(node) -> str:
    """That of an argument or a parameter, without its type."""
    return node.get_code().partition(":")[0].strip()


def chosen(files: list[str], sample: int, seed: int) -> list[Mutant]:
    """The mutants of the files named, or so many of each room, or those of the files changed since main."""
    if not sample:
        return [mutant for path in files or changed() for mutant in mutants(path)]
    found = []
    for room in ROOMS:
        paths = sorted((ROOT / "src/latente" / room).rglob("*.py"))
        every = [mutant for path in paths for mutant in mutants(path.relative_to(ROOT).as_posix())]
        found += random.Random(seed).sample(every, min(sample, len(every)))
    return found


def git(*arguments: str) -> str:
    """What git answers."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def changed() -> list[str]:
    """Files of `src` that differ from where this branch left main; on main, from the commit before."""
    base = git("merge-base", "HEAD", "main")
    base = "HEAD~1" if base == git("rev-parse", "HEAD") else base
    return [path for path in git("diff", "--name-only", "--diff-filter=d", base).split() if is_source(path)]


def is_source(path: str) -> bool:
    """Whether it is code of Latente."""
    return path.startswith("src/latente/") and path.endswith(".py")


def equivalent() -> dict[tuple[str, str, str], str]:
    """The changes after which the program does the same, with the reason, from a list in which lines stand as text."""
    listed = tomllib.loads(read(EQUIVALENT)).get("mutant", [])
    for each in listed:
        if each["line"] not in map(str.strip, read(each["file"]).splitlines()):
            print(f"{EQUIVALENT} is stale: {each['file']} has no line {each['line']!r}")
    return {(each["file"], each["line"], each["becomes"]): each["reason"] for each in listed}


def judge(pending: list[Mutant], cover: Cover, jobs: int, session: WorkDB) -> None:
    """Tries each mutant on its tests, so many at once, each in a copy of its own; a verdict is kept as it comes."""
    copies: SimpleQueue[Copy] = SimpleQueue()
    every = [Copy(f"copy-{number}") for number in range(jobs)]
    for each in every:
        copies.put(each)

    def verdict(mutant: Mutant, tests: dict[str, float]) -> WorkResult:
        copy = copies.get()
        try:
            killer = copy.killer(mutant.path, mutant.mutated, tests)
        finally:
            copies.put(copy)
        if killer:
            outcome, said = TestOutcome.KILLED, f"killed by {killer}"
        elif killer is None:
            outcome, said = TestOutcome.INCOMPETENT, f"its tests fail without it, too: see {copy.log}"
        else:
            outcome, said = TestOutcome.SURVIVED, f"SURVIVED {len(tests)} tests, of {cover.stamp}"
        return WorkResult(WorkerOutcome.NORMAL, said, outcome, mutant.diff)

    pool = ThreadPoolExecutor(jobs)
    try:
        tried = {pool.submit(verdict, each, cover.of_line(each.path, each.start[0])): each for each in pending}
        for number, done in enumerate(as_completed(tried), start=1):
            mutant, result = tried[done], done.result()
            session.set_result(mutant.name, result)
            print(f"{number} of {len(tried)}: {mutant.diff}\n  {result.output}", flush=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for each in every:
            each.close()


def report(found: list[Mutant], results: dict[str, WorkResult], reasons: dict) -> str:
    """A table by file, or by room where there are many, and the survivors, as Markdown."""
    rows: dict[str, list[Mutant]] = defaultdict(list)
    by_room = len({mutant.path for mutant in found}) > 20
    for mutant in found:
        rows[mutant.room if by_room else mutant.path].append(mutant)
    text = f"Commit {git('rev-parse', '--short', 'HEAD')}, `{' '.join(sys.argv)}`\n\n"
    text += "| where | mutants | killed | survived | equivalent | share killed |\n|---|--:|--:|--:|--:|--:|\n"
    survivors = []
    for where, its in [*rows.items(), ("all", found)]:
        same = [mutant for mutant in its if mutant.change in reasons]
        outcomes = {mutant: results[mutant.name].test_outcome for mutant in its if mutant.name in results}
        tried = [each for each in outcomes if each not in same and outcomes[each] is not TestOutcome.INCOMPETENT]
        killed = [mutant for mutant in tried if outcomes[mutant] is TestOutcome.KILLED]
        share = f"{len(killed) / len(tried):.0%}" if tried else ""
        numbers = len(tried) + len(same), len(killed), len(tried) - len(killed), len(same), share
        text += f"| {where} | {' | '.join(map(str, numbers))} |\n"
        survivors = [mutant for mutant in tried if mutant not in killed]
    return text + "".join(f"\n```diff\n{mutant.diff}\n```\n" for mutant in survivors)


def main() -> None:
    """Makes or goes on with what is asked, and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="files of src; those changed since main where none is named")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants of each room instead, drawn by a seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time, each with 2 GB of memory")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    every = chosen(arguments.files, arguments.sample, arguments.seed)
    found = [mutant for mutant in every if mutant.is_python]
    if not found:
        raise SystemExit(
            "Nothing in src/latente has changed since main. Name files: make mutants FILES=src/latente/..."
        )
    reasons = equivalent()
    cover = Cover(arguments.jobs)
    session = WorkDB(str(FOLDER / "session.sqlite"), WorkDB.Mode.create)
    known = {item.job_id for item in session.work_items}
    session.add_work_items(mutant.item() for mutant in found if mutant.name not in known)

    def settled(result: WorkResult) -> bool:  # a survivor meets new tests
        return result.test_outcome is TestOutcome.KILLED or result.output.endswith(cover.stamp)

    done = {name for name, result in session.results if settled(result)}
    pending = [mutant for mutant in found if mutant.name not in done and mutant.change not in reasons]
    pending.sort(key=lambda mutant: mutant.name)  # mixed, so that a part of them tells of the whole
    try:
        judge(pending, cover, arguments.jobs, session)
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on.")
    finally:
        text = report(found, dict(session.results), reasons)
        (FOLDER / "report.md").write_text(text, encoding="utf-8")
        print(f"\n{text}\n{FOLDER / 'report.md'}")


if __name__ == "__main__":
    main()
