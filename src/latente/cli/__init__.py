"""The command ``latente``: parse, call one function, print. Commands import what is slow only when they run."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from latente.cli import (
    compare,
    data,
    demo,
    devices,
    diagnose,
    encode,
    evaluate,
    export,
    fit_prior,
    interpolate,
    list,
    map,
    push,
    recipe,
    reconstruct,
    report,
    sample,
    score,
    serve,
    sweep,
    train,
    traverse,
)
from latente.errors import UserError
from latente.options import did_you_mean
from latente.version import __version__

GROUPS = {
    "train a model": (train, data, list, devices, sweep),
    "look at it": (reconstruct, sample, interpolate, traverse, map, serve),
    "judge it": (evaluate, diagnose, report, compare),
    "use it, share it": (encode, score, fit_prior, export, push),
    "learn": (demo, recipe),
}
"""The commands by what a person is doing, in the order of a first acquaintance."""
COMMANDS = {
    module.__name__.rpartition(".")[2].replace("_", "-"): module for group in GROUPS.values() for module in group
}
WITH_OPTIONS = {"train": train, "sweep": sweep, "data": data}
"""The commands that read the options of the schema themselves."""


class Once(argparse.Action):
    """Keeps the value of an argument that may be given once: argparse itself would take the last."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Keep it, or refuse a second one."""
        given = vars(namespace).setdefault("_given", {})
        if option and self.dest in given:
            raise UserError(f"Each option may be given once. Received {given[self.dest]} and {option} {values}.")
        given[self.dest] = f"{option} {values}"
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are ``UserError``s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register("action", None, Once)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, with the nearest valid name of a mistyped option or command."""
        known = [option for action in self._actions for option in action.option_strings]
        if message.startswith("unrecognized arguments: "):
            hint = did_you_mean(message.split()[2].partition("=")[0], known)
        elif found := re.search(r"invalid choice: '(.*?)'", message):
            hint = did_you_mean(found[1], COMMANDS)
        else:
            hint = ""
        raise UserError(f"{message}.{hint} {self.prog} --help explains.")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = Parser(
        prog="latente",
        usage="latente COMMAND ...",
        description="Train, understand and use variational autoencoders.",
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"latente {__version__}")
    # argparse cannot group commands: the overview names them.
    commands = top.add_subparsers(
        prog="latente", metavar="COMMAND", dest="command", required=True, help=argparse.SUPPRESS
    )
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, description=module.HELP, allow_abbrev=False)
        module.configure(sub)
        sub.set_defaults(run=module.run, parser=sub, main=main)
    return top


def _overview() -> str:
    """Every command with its line, by group."""
    names = {module: name for name, module in COMMANDS.items()}
    lines = []
    for title, group in GROUPS.items():
        lines += [f"{title}:", *(f"  {names[module]:<13}{module.HELP}" for module in group), ""]
    start = "Start here: latente demo, or latente train fashion-mnist.\nlatente COMMAND --help explains a command."
    return "\n".join([*lines, start])


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 2 for a mistake of the user, or 130 after Ctrl-C."""
    try:
        words = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]  # ``list`` is the command here
        if words and words[0] in WITH_OPTIONS:
            words = train.with_values(words, WITH_OPTIONS[words[0]].configure)
        arguments, rest = parser().parse_known_args(words)
        if rest and arguments.command not in WITH_OPTIONS:
            arguments.parser.error(f"unrecognized arguments: {' '.join(rest)}")
        arguments.rest = rest
        arguments.run(arguments)
    except UserError as error:
        print(f"latente: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("latente: interrupted; go on with latente train --resume RUN, or the same sweep again", file=sys.stderr)
        return 130
    return 0
