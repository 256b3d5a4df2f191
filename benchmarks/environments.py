"""One virtual environment per stack, made from pinned requirements, with nothing but the standard library."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
REQUIREMENTS = HERE / "requirements"
ENVIRONMENTS = HERE / ".envs"


def python(name: str) -> Path:
    """The interpreter of a stack's environment, which is made or renewed where its requirements ask for it."""
    environment = ENVIRONMENTS / name
    interpreter = environment / "bin" / "python"
    stamp = environment / "installed"
    wanted = fingerprint(name)
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Making the environment of {name} in {environment.relative_to(REPOSITORY)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", REQUIREMENTS / f"{name}.txt"], check=True, cwd=REPOSITORY)
        stamp.write_text(wanted)
    return interpreter


def fingerprint(name: str) -> str:
    """Changes with the Python version, the requirements of a stack and the common pins."""
    files = (REQUIREMENTS / f"{name}.txt", REPOSITORY / "constraints.txt", REPOSITORY / "pyproject.toml")
    text = sys.version + "".join(file.read_text(encoding="utf-8") for file in files)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
