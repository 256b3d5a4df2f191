"""Running a stack's program in a process of its own, and keeping what it measured."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import environments
import machine

PEERS = environments.HERE / "peers"
WORK = environments.HERE / ".work"
RESULTS = environments.HERE / "results"
DATA_DIR = environments.REPOSITORY.parent / "shared" / "data"
DATA = WORK / "fashion-mnist.npz"

Json = dict[str, Any]


def run(environment: str, program: str, *arguments: Any, backend: str = "tensorflow", timed: bool = True) -> Json:
    """What a program of ``peers/`` printed as its last line, a JSON object; its log goes to ``.work/``.

    ``foreign_cores`` is added: how many cores were busy with something else meanwhile. Where time is measured, no other
    measurement runs at the same time.

    Raises:
        SystemExit: The program failed; the end of its log is in the message.
    """
    WORK.mkdir(exist_ok=True)
    log = WORK / f"{program}.log"
    command = [environments.python(environment), PEERS / f"{program}.py", *map(str, arguments)]
    with log.open("w") as stderr, alone() if timed else contextlib.nullcontext():
        neighbours = machine.Neighbours()
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=environments.REPOSITORY,
            env={**os.environ, "KERAS_BACKEND": backend},
        )
        foreign = neighbours.cores()
    if done.returncode:
        raise SystemExit(f"{program} failed with exit status {done.returncode}:\n{log.read_text()[-4000:]}")
    return {**json.loads(done.stdout.splitlines()[-1]), "foreign_cores": foreign}


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other measurement runs here; ``flock benchmarks/.work/measuring COMMAND`` waits likewise."""
    with (WORK / "measuring").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def export_data(data_dir: Path) -> None:
    """Write Latente's splits of Fashion-MNIST as arrays, so that every stack trains on the same images."""
    run("latente", "export_data", "--data-dir", data_dir.resolve(), "--output", DATA)


class Journal:
    """Measurements as they come, one JSON object a line, so that a stopped benchmark goes on where it was.

    Args:
        path: The file.
        settings: What must be the same for measurements to belong together.

    Raises:
        SystemExit: The file holds measurements made under other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path, self.settings = path, settings
        self.entries: list[Json] = []
        if path.exists():
            first, *rest = map(json.loads, path.read_text(encoding="utf-8").splitlines())
            if first != settings:
                raise SystemExit(
                    f"{path} holds measurements made under other settings: {first}; now they are {dict(settings)}. "
                    f"Remove the file to begin anew."
                )
            self.entries = rest
        else:
            path.parent.mkdir(exist_ok=True)
            self._append(settings)

    def measure(
        self, key: Mapping[str, Any], environment: str, program: str, *arguments: Any, timed: bool = True
    ) -> Json:
        """The measurement of that key: from the file, or from a run now."""
        for entry in self.entries:
            if key.items() <= entry.items():
                return entry
        entry = {**key, **run(environment, program, *arguments, timed=timed)}
        self.entries.append(entry)
        self._append(entry)
        print(f"{' '.join(map(str, key.values()))}: {headline(entry)}", file=sys.stderr)
        return entry

    def _append(self, entry: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def headline(entry: Json) -> str:
    """The figures of a measurement that tell how it goes."""
    shown = {name: value for name, value in entry.items() if isinstance(value, float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in shown.items())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a result whole."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
