"""``latente export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from latente.cli.common import add_data_dir, add_run, open_run

HELP = "write a trained model for other programs, or as one web page"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument(
        "--format",
        required=True,
        choices=("keras", "onnx", "saved-model", "html"),
        help="encoder and decoder as Keras files, ONNX or TensorFlow's SavedModel; or one page that needs no server",
    )
    where = "folder, or file of a page; in the run directory by default"
    parser.add_argument("-o", "--output", type=Path, metavar="PATH", help=where)
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Export, and print where to and how far the result differs from the trained model."""
    run = open_run(arguments)
    if arguments.format == "html":
        from latente.export.page import export_page

        print(export_page(run, arguments.output, arguments.data_dir))
        return
    from latente.export.folder import export_folder

    path, description = export_folder(run, arguments.format, arguments.output, arguments.data_dir)
    print(path)
    for half in ("encoder", "decoder"):
        for name, difference in description[half]["largest_difference"].items():
            what = "share of other indices" if name == "indices" else "largest difference from the trained model"
            print(f"{half} {name}: {what} {difference:.1e} (on {description['compared_on']})")
