"""``latente fit-prior``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_data_dir, add_run, add_seed, open_run
from latente.errors import UserError

HELP = "fit a density to the training codes, for sample to draw from"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument(
        "--kind",
        choices=("gmm", "gaussian"),
        default="gmm",
        help="a mixture of Gaussians with full covariances, or one (default: gmm)",
    )
    parser.add_argument("--components", type=int, metavar="K", help="Gaussians of the mixture (default: 10)")
    add_seed(parser)
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Fit it, and print what it is worth beside the model's own prior."""
    if arguments.kind == "gaussian" and arguments.components is not None:
        raise UserError("--components belongs to --kind gmm. Received it with --kind gaussian, which is one Gaussian.")
    run = open_run(arguments)
    from latente.evaluation.ex_post import fit_prior

    components = 10 if arguments.components is None else arguments.components
    metrics = fit_prior(run, arguments.kind, components, arguments.data_dir, arguments.seed)
    density = metrics["fitted_prior_log_density"]
    what = f"a mixture of {density['components']} Gaussians" if arguments.kind == "gmm" else "one Gaussian"
    print(f"{run.name}: {what}, fitted to the codes of {density['train_n']:,} training images")
    print(f"{'on the test images':<32}{'own prior':>12}{'fitted':>12}")
    for name, one in metrics.items():
        title = "log p(z)" if one is density else name.removeprefix("fitted_prior_")
        print(f"{title:<32}{one['controls']['own prior']:>12.3f}{one['value']:>12.3f}  {one['unit']}")
    gain = density["value"] - density["controls"]["own prior"]
    print(f"The ELBO with this prior is {abs(gain):.2f} nats {'higher' if gain > 0 else 'lower'}.")
    print("latente sample draws from it now; with --own-prior, from the model's.")
