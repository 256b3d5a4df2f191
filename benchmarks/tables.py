"""The tables of README.md, written from the files in ``results/``: run this file after a measurement."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
# So many cores busy with something else on average over a run: its figures are not the machine's.
BUSY = 0.1

Json = dict[str, Any]


def main() -> None:
    """Fill in the table of every result that is there, between the comments that name it."""
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        file = HERE / "results" / f"{name}.json"
        if file.exists():
            opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
            before, _, rest = text.partition(opening)
            _, _, after = rest.partition(closing)
            text = before + opening + table(json.loads(file.read_text(encoding="utf-8"))) + closing + after
    readme.write_text(text, encoding="utf-8")


def speed(result: Json) -> str:
    """The side-by-side and the check of the ELBO."""
    rows = result["rows"]
    compared = list(next(iter(rows.values()))["over"])
    head = ["stack", "computes in", "images/s", *(f"over {name}" for name in compared)]
    head += ["of float32 peak", "of bfloat16 peak", "peak memory", "to first step"]
    body = [
        [
            name,
            row["precision"],
            _spread(row["images_per_second"], ",.0f"),
            *(_spread(row["over"][reference], ".2f") for reference in compared),
            *(f"{row['utilization'][kind]:.0%}" for kind in ("float32", "bfloat16")),
            f"{row['peak_rss_mib']['max']:,.0f} MiB",
            f"{row['first_step_seconds']['median']:.1f} s",
        ]
        for name, row in rows.items()
    ]
    first = next(iter(rows.values()))
    peak = {kind: value / 1e9 for kind, value in result["peak_flops"].items()}
    note = (
        f"Median (minimum to maximum) of {len(first['seconds']['all'])} interleaved repetitions of at least "
        f"{result['seconds']:g} s; ratios within a round. {first['parameters']:,} parameters, "
        f"{result['flops_per_image'] / 1e6:.1f} MFLOP per training image with its share of validation. Peaks: "
        f"{peak['float32']:,.0f} GFLOP/s in float32, {peak['bfloat16']:,.0f} in bfloat16. {_where(result)}"
    )
    return f"{_markdown(head, body)}\n{note}{_busy(result)}\n\n{_agreement(result['agreement'])}"


def _agreement(agreement: Json) -> str:
    seeds = len(next(iter(agreement["rows"].values()))["elbos"])
    head = ["stack", *(f"seed {seed}" for seed in range(seeds)), "mean", "minus pythae's", "agrees"]
    body = [
        [
            name,
            *(f"{elbo:.2f}" for elbo in row["elbos"]),
            f"{row['mean']:.2f}",
            f"{row['difference']:+.2f}",
            "yes" if row["agrees"] else "NO",
        ]
        for name, row in agreement["rows"].items()
    ]
    note = (
        f"Test ELBO in nats after 2 epochs. Rule: within {agreement['tolerance']:.2f} nats of pythae's mean, the "
        f"larger of 2 nats and three standard errors of a difference ({agreement['standard_error']:.2f}; a seed "
        f"deviates by {agreement['seed_deviation']:.2f})."
    )
    return f"{_markdown(head, body)}\n{note}\n"


def growth(result: Json) -> str:
    """Speed and memory as the work grows."""
    body = [
        [
            entry["sweep"],
            f"{entry['value']:,}",
            _spread(entry["images_per_second"], ",.0f"),
            f"{entry['peak_rss_mib']['max']:,.0f} MiB",
        ]
        for entry in result["points"]
    ]
    head = ["grows", "to", "images/s", "peak memory"]
    return f"{_markdown(head, body)}\nMedian (minimum to maximum) of training steps. {_where(result)}{_busy(result)}\n"


def steady(result: Json) -> str:
    """Each run's longest moment of computing nothing."""
    head = ["run", "seconds", "longest idle gap", "idle in all", "cores used", "images/s"]
    body = [
        [
            str(number),
            f"{run['seconds']:.0f}",
            f"{run['longest_idle_seconds']:.1f} s",
            f"{run['idle_seconds']:.1f} s",
            f"{run['cores']:.2f}",
            f"{run['images_per_second']:,.0f}",
        ]
        for number, run in enumerate(result["runs"], 1)
    ]
    return f"{_markdown(head, body)}\nEpochs of {result['images']:,} images. {_where(result)}{_busy(result)}\n"


def loop(result: Json) -> str:
    """The seconds of a step by each way of taking it, and how they compare within a round."""
    body = []
    for where, row in result["rows"].items():
        own = row["step_seconds"]["Latente"]["all"]
        for name, values in row["step_seconds"].items():
            ratio = median(other / mine for other, mine in zip(values["all"], own, strict=True))
            milliseconds = {key: 1e3 * values[key] for key in ("min", "median", "max")}
            body.append([where, name, _spread(milliseconds, ".3g"), f"{ratio:.2f}"])
    head = ["backend, model", "steps", "ms a step", "over Latente's"]
    return f"{_markdown(head, body)}\nMedian (minimum to maximum). {_where(result)}{_busy(result)}\n"


def startup(result: Json) -> str:
    """Times of commands."""
    body = [[name, _spread(values, ".2f")] for name, values in result["seconds"].items()]
    extra = _spread(result["sample_beyond_keras"], ".2f")
    body.append(["`latente sample` beyond `import keras`, within a round", extra])
    return f"{_markdown(['command', 'seconds'], body)}\nMedian (minimum to maximum). {_where(result)}{_busy(result)}\n"


def inference(result: Json) -> str:
    """Encoding and the importance-sampled bound."""
    images, samples = result["images"], result["samples"]
    body = [
        [f"encode {images:,} images", _spread(result["encode_seconds"], ".2f")],
        [f"log-likelihood of {images:,} images x {samples} samples", _spread(result["log_likelihood_seconds"], ".1f")],
    ]
    note = f"Peak memory {result['peak_rss_mib']:,.0f} MiB. {_where(result)}{_busy(result)}"
    return f"{_markdown(['what', 'seconds'], body)}\n{note}\n"


def doctor(result: Json) -> str:
    """What each model was called."""
    body = []
    for case in dict.fromkeys(row["case"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["case"] == case]
        called = dict.fromkeys(", ".join(row["sick"]) or "healthy" for row in rows)
        right = f"{sum(row['right'] for row in rows)} of {len(rows)}"
        body.append([case, rows[0]["expected"] or "healthy", " / ".join(called), right])
    seeds = ", ".join(map(str, result["seeds"]))
    return f"{_markdown(['model', 'is', 'was called', 'rightly'], body)}\nSeeds {seeds}. {_where(result)}\n"


def burda(result: Json) -> str:
    """The bounds on MNIST beside the published."""
    metrics = result["metrics"]
    bound, error = metrics["log_likelihood"], metrics["log_likelihood_standard_error"]
    passes = f"Latente, {result['epochs']:,} passes over {result['train_images']:,} images, batches of"
    body = [
        [f"{passes} {result['batch_size']}", f"{bound['value']:.2f} +- {error['value']:.2f}"],
        *(
            [f"{name}, 3,280 passes over 60,000, batches of 20", f"{value:.2f}"]
            for name, value in result["published"].items()
        ),
    ]
    head = ["MNIST, dynamic binarization, one stochastic layer", f"log p(x), K = {bound['z_samples']:,} (nats)"]
    note = (
        f"All {bound['n']:,} test images, the error is that of the mean over images. ELBO "
        f"{metrics['elbo']['value']:.2f}, {metrics['active_units']['value']} of 50 latents active; best epoch "
        f"{result['best_epoch']}; {result['training_seconds'] / 60:.0f} minutes of training beside other work."
    )
    return f"{_markdown(head, body)}\n{note} {_where(result)}\n"


def jax(result: Json) -> str:
    """A step with each form of the layer."""
    body = [[name, _spread(values, ".3f")] for name, values in result["step_seconds"].items()]
    head = ["the transposed convolutions of the lesson's model", "seconds a step of 128"]
    return f"{_markdown(head, body)}\nMedian (minimum to maximum). {_where(result)}{_busy(result)}\n"


def _spread(values: Json, form: str) -> str:
    return f"{values['median']:{form}} ({values['min']:{form}} to {values['max']:{form}})"


def _where(result: Json) -> str:
    machine, code = result["machine"], result["code"]
    changed = " with changes" if code["changed"] else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores ({', '.join(machine['units'])}), {machine['memory_gib']} "
        f"GiB; Python {machine['python']}; commit {code['commit'][:10]}{changed}."
    )


def _busy(result: Json) -> str:
    cores = result["foreign_cores"]["max"]
    return f" **Contended: something else used {cores:.1f} cores in some run.**" if cores > BUSY else ""


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES: dict[str, Callable[[Json], str]] = {
    "speed": speed,
    "growth": growth,
    "loop": loop,
    "steady": steady,
    "startup": startup,
    "inference": inference,
    "jax": jax,
    "doctor": doctor,
    "burda": burda,
}

if __name__ == "__main__":
    main()
