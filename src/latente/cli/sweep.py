"""``latente sweep``."""

from __future__ import annotations

import argparse
from pathlib import Path

from latente.backend import import_keras
from latente.cli import train
from latente.cli.common import add_training, import_own
from latente.cli.compare import show_comparison
from latente.errors import UserError
from latente.files import file_name

HELP = "train a grid of runs and compare them"

RULE = """\
Every option of latente train may be given, and several values of it: separated
by commas, or by repeating the flag. Where one value is itself a list, as in
--network.filters 32,64, only repeating the flag gives several. Every combination
is trained. The same command goes on where it was interrupted; with more values
it adds runs. latente train --help lists the options.

  latente sweep fashion-mnist --objective.beta 1,5,10 --seed 0,1,2
  latente sweep digits --network.filters 16,32 --network.filters 32,64
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that are not options of the model, the data or the training."""
    parser.add_argument("data", metavar="DATA", help="data set; latente data list names them")
    parser.add_argument("--config", metavar="FILE", help="options from a YAML or JSON file, one value each")
    add_training(parser)
    parser.add_argument("--sweep-dir", metavar="DIR", help="folder of the runs (default: runs/sweep-DATA)")
    parser.usage = "latente sweep DATA --OPTION VALUE,VALUE... [options]"
    parser.epilog = RULE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(arguments: argparse.Namespace) -> None:
    """Train what is missing, compare and print."""
    import_keras()
    from latente import report, training
    from latente.training.sweep import read_values

    asked = training.read_file(arguments.config) if arguments.config else {}
    # A list in a file is one value: commas and repeated flags alone give several.
    asked = {key: tuple(value) if isinstance(value, list) else value for key, value in asked.items()}
    asked |= {"data.name": arguments.data}
    if arguments.data_dir:
        asked["data.data_dir"] = arguments.data_dir
    flags = train.parse_flags(arguments.rest)
    import_own(flags)
    values = read_values(flags, asked)
    folder = arguments.sweep_dir or Path("runs") / f"sweep-{file_name(arguments.data, keep='.+-')}"
    if "data.name" in values:
        raise UserError(f"A sweep is on one data set. Received {arguments.data} and --data {values['data.name'][0]}.")
    asked |= values
    del asked["data.name"]
    show_comparison(report.sweep(arguments.data, folder, not arguments.quiet, **asked))
