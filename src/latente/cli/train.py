"""``latente train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from latente.backend import import_keras
from latente.cli.common import add_training, import_own
from latente.errors import UserError
from latente.language import TEXTS
from latente.options import options_of

HELP = "train a VAE on a data set"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that are not options of the model, the data or the training."""
    parser.add_argument("data", nargs="?", metavar="DATA", help="data set; latente data list names them")
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="options from a YAML or JSON file, or of a paper that latente list papers names; flags come before it",
    )
    parser.add_argument("--print-config", action="store_true", help="print the complete config and stop")
    add_training(parser)
    parser.add_argument("--run-dir", metavar="DIR", help="run directory to make (default: runs/DATA-TIME)")
    parser.add_argument("--resume", metavar="RUN", help="go on with an interrupted run")
    parser.usage = "latente train DATA [options]\n       latente train --resume RUN"
    # As make readme wrote them from the schema, since importing Keras takes seconds.
    parser.epilog = (TEXTS / "options.txt").read_text(encoding="utf-8")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(arguments: argparse.Namespace) -> None:
    """Train, resume, or print the config."""
    flags: list[tuple[str, str | bool]] = parse_flags(arguments.rest)
    import_keras()
    from latente import training
    from latente.training.config import flag

    if arguments.resume:
        extra = [flag(key) for key, _ in flags] + ([arguments.data] if arguments.data else [])
        if extra:
            raise UserError(f"--resume takes the config of the run. Received also {', '.join(extra)}.")
        finished = training.resume(arguments.resume, arguments.data_dir, not arguments.quiet)
    else:
        import_own(flags)
        asked = training.read_file(arguments.config) if arguments.config else {}
        given = {"data": arguments.data, "data_dir": arguments.data_dir}
        flags += [(name, value) for name, value in given.items() if value is not None]
        config = training.resolve(asked | training.once(flags))
        if arguments.print_config:
            import yaml

            print(yaml.safe_dump(_plain(config), sort_keys=False), end="")
            return
        finished = training.start(config, arguments.run_dir, not arguments.quiet)
    best = finished.best_epoch
    print(f"{finished.path}: best epoch {best['epoch']}, validation ELBO {best['val_elbo']:.2f} nats", file=sys.stderr)
    print(finished.path)


def with_values(words: Sequence[str], configure: Callable[[argparse.ArgumentParser], None] = configure) -> list[str]:
    """Write ``--name value`` as ``--name=value`` for the options of the schema, which argparse does not know.

    Left alone, it would take the value for DATA.

    Args:
        words: The command line.
        configure: Adds the arguments that argparse does know.
    """
    from latente import data

    known = argparse.ArgumentParser()
    configure(known)
    options = [option for source in data.sources() for option in options_of(source.function).values()]
    switches = {"--data." + option.name.replace("_", "-") for option in options if option.type is bool}
    switches.add("--conditional")
    own = {*known._option_string_actions, *switches}
    found: list[str] = []
    for word in words:
        last = found[-1] if found else ""
        waiting = last.startswith("--") and "=" not in last and last not in own
        if waiting and not word.startswith("--"):
            found[-1] = f"{last}={word}"
        else:
            found.append(word)
    return found


def parse_flags(rest: Sequence[str]) -> list[tuple[str, str | bool]]:
    """Read ``--name=value`` and the bare ``--name`` (true); names are checked against the schema later."""
    flags: list[tuple[str, str | bool]] = []
    for word in rest:
        if not word.startswith("--"):
            raise UserError(f"Expected one DATA and options that begin with --. Received {word!r} besides.")
        name, equals, value = word[2:].partition("=")
        flags.append((name, value if equals else True))
    return flags


def _plain(value: Any) -> Any:
    """Tuples as lists, for YAML."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value
