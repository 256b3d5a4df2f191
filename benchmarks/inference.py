"""How long it takes to encode the test images, and to bound their log-likelihood by importance sampling."""

from __future__ import annotations

import argparse
from pathlib import Path

import children
import machine
import plots
import tables
from summary import spread


def main() -> None:
    """Measure, write ``results/inference.json`` and ``.png``, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=children.DATA_DIR, help="folder of the data sets")
    parser.add_argument("--images", type=int, default=10_000, help="test images (default: 10000)")
    parser.add_argument("--samples", type=int, default=100, help="importance samples of each image (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions (default: 3)")
    arguments = parser.parse_args()
    children.export_data(arguments.data_dir)
    asked = {"images": arguments.images, "samples": arguments.samples}
    words = [word for name, value in {**asked, "rounds": arguments.rounds}.items() for word in (f"--{name}", value)]
    measured = children.run("latente", "inference_run", "--data", children.DATA, *words)
    result = {
        "code": machine.code(),
        "machine": machine.describe(),
        "foreign_cores": spread([measured["foreign_cores"]]),
        **asked,
        "encode_seconds": spread(measured["encode_seconds"]),
        "log_likelihood_seconds": spread(measured["log_likelihood_seconds"]),
        "peak_rss_mib": measured["peak_rss_mib"],
    }
    children.write_json(children.RESULTS / "inference.json", result)
    plots.inference(result, children.RESULTS / "inference.png")
    print(tables.inference(result))


if __name__ == "__main__":
    main()
