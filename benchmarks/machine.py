"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import environments

MATRIX_UNITS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def describe() -> dict[str, Any]:
    """The processor, what it multiplies with, cores and memory."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", "").split()
    return {
        "processor": facts.get("model name") or platform.processor(),
        "units": [unit for unit in MATRIX_UNITS if unit in flags],
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def code() -> dict[str, Any]:
    """The commit, and whether the program or the benchmarks differ from it."""
    changed = _git("status", "--porcelain", "--", "src", "benchmarks", "pyproject.toml", "constraints.txt")
    ours = [line for line in changed.splitlines() if "benchmarks/results" not in line]
    return {"commit": _git("rev-parse", "HEAD").strip(), "changed": bool(ours)}


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=environments.REPOSITORY).stdout


class Neighbours:
    """How much of the machine others used, from the making of this object on.

    What all processes used, and what the hypervisor withheld, less what this process and its ended children used.
    """

    def __init__(self) -> None:
        self.started, self.busy, self.own = time.perf_counter(), _busy_seconds(), _own_seconds()

    def cores(self) -> float:
        """Cores that others kept busy on average; 0 where the system does not tell."""
        others = _busy_seconds() - self.busy - (_own_seconds() - self.own)
        return max(0.0, others / (time.perf_counter() - self.started))


def _busy_seconds() -> float:
    file = Path("/proc/stat")
    if not file.exists():  # not Linux
        return 0.0
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
