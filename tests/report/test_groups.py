"""Runs side by side: which are one group, and what is said of a group, on made-up figures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente.report import comparison
from latente.report.groups import RunGroup, _rank, comparison_rows, groups_of, not_shared
from latente.training import resolve


def run(
    seed: int = 0, metrics: dict[str, Any] | None = None, fingerprint: str = "a" * 16, classes: int = 0, **options: Any
) -> Any:
    config = resolve({"data": "digits", "training.seed": seed, **options})
    return SimpleNamespace(
        config=config,
        environment={"data_fingerprint": fingerprint},
        metrics=metrics or {},
        classes=["?"] * classes,
        path=f"seed {seed}",
    )


def metric(value: Any, unit: str = "nats", **protocol: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, **protocol}


def titles(*runs: Any) -> list[tuple[str, str, list[int]]]:
    return [(group.letter, group.title, group.seeds) for group in groups_of(runs)]


def test_runs_that_differ_in_the_seed_alone_are_one_group_by_seed() -> None:
    assert titles(run(3), run(1), run(2)) == [("A", "one config", [1, 2, 3])]


def test_groups_are_in_the_order_of_their_numbers_and_named_by_what_differs() -> None:
    found = titles(run(0, beta=10), run(0, beta=9), run(1, beta=10), run(0, beta=0.5))
    assert found == [("A", "beta 0.5", [0]), ("B", "beta 9", [0]), ("C", "beta 10", [0, 1])]


def test_other_content_is_another_group_unless_an_option_of_the_data_says_so() -> None:
    assert [title for _, title, _ in titles(run(), run(fingerprint="b" * 16))] == [
        f"data fingerprint {each * 16}" for each in "ab"
    ]
    named = titles(run(), run(fingerprint="b" * 16, **{"data.subset": 100}))
    assert all("fingerprint" not in title and "data.subset" in title for _, title, _ in named)


def test_other_content_is_told_beside_another_beta() -> None:
    found = titles(run(beta=2), run(beta=3, fingerprint="b" * 16))
    assert [title for _, title, _ in found] == [
        f"beta 2, data fingerprint {'a' * 16}",
        f"beta 3, data fingerprint {'b' * 16}",
    ]


def test_numbers_come_first_by_size_and_the_rest_by_text() -> None:
    values = ["b", 10, True, None, "a", 2.5, -3]
    assert sorted(values, key=_rank) == [-3, 2.5, 10, None, True, "a", "b"]


def test_after_z_letters_have_a_number() -> None:
    one = run()
    groups = groups_of(
        [SimpleNamespace(**vars(one) | {"config": one.config | {"latent_dim": n}}) for n in range(1, 55)]
    )
    assert [groups[i].letter for i in (0, 25, 26, 27, 52)] == ["A", "Z", "A1", "B1", "A2"]


def rows(*groups: list[dict[str, Any]]) -> dict[str, Any]:
    made = [RunGroup("A", {}, tuple(run(i, metrics) for i, metrics in enumerate(those))) for those in groups]
    return {row.name: row for row in comparison_rows(made)}


def test_mean_and_spread_of_a_group_are_those_of_its_seeds() -> None:
    elbos = [[metric(-100.0), metric(-104.0), metric(-108.0)], [metric(-90.0)]]
    row = rows(*([{"elbo": each} for each in those] for those in elbos))["elbo"]
    assert row.means == (-104, -90)
    assert row.spreads == (pytest.approx(4), None)  # over n - 1
    assert row.best == (1,)
    assert row.cells() == ["-104.00 ± 4.00", "-90.00"]


@pytest.mark.parametrize(
    ("name", "unit", "means", "better", "best"),
    [
        ("elbo", "nats", (-100.0, -90.0), "↑", (1,)),
        ("reconstruction", "nats", (100.0, 90.0), "↓", (1,)),
        ("frechet[classifier]", "", (1.0, 2.0), "↓", (0,)),
        ("precision[inception]@train", "share", (0.5, 0.25), "↑", (0,)),
        ("mig", "0 to 1, more is better", (0.25, 0.5), "↑", (1,)),
        ("kl", "nats", (3.0, 2.0), "", ()),
        ("elbo", "nats", (-90.0, -90.0), "↑", ()),
        ("elbo", "nats", (-90.0, -100.0, -90.0), "↑", (0, 2)),
    ],
)
def test_the_best_are_those_in_the_better_direction(
    name: str, unit: str, means: tuple[float, ...], better: str, best: tuple[int, ...]
) -> None:
    row = rows(*([{name: metric(mean, unit)}] for mean in means))[name]
    assert (row.better, row.best) == (better, best)


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ((1.99, 0.5), ["1.990", "0.500"]),
        ((2.0, 0.5), ["2.00", "0.50"]),
        ((-2.0, 0.5), ["-2.00", "0.50"]),
        ((3.0, 12.0), ["3", "12"]),
        ((-0.0001, 0.5), ["0.000", "0.500"]),
    ],
)
def test_all_groups_have_as_many_decimals(values: tuple[float, float], cells: list[str]) -> None:
    assert rows(*([{"x": metric(value)}] for value in values))["x"].cells() == cells


def test_whole_numbers_with_a_spread_have_decimals() -> None:
    assert rows([{"x": metric(3)}, {"x": metric(5)}])["x"].cells() == ["4.00 ± 1.41"]
    assert rows([{"x": metric(4)}, {"x": metric(4)}])["x"].cells() == ["4 ± 0"]


def test_only_what_every_run_has_is_compared_and_the_rest_is_named() -> None:
    every = {"elbo": metric(-1.0), "kl_per_dimension": metric([1.0, 2.0]), "elbo_standard_error": metric(0.1)}
    first = {**every, "diagnosis": metric(True), "mig": metric(0.5)}
    second = {**every, "frechet": metric(3.0)}
    assert list(rows([first], [second])) == ["elbo"]
    assert not_shared([run(0, first), run(1, second)]) == ["mig", "frechet"]


def test_what_differs_in_the_protocol_is_told() -> None:
    row = rows([{"x": metric(1.0, "nats", n=359, seed=0)}], [{"x": metric(1.0, "bits", n=359, seed=1, epoch=7)}])["x"]
    assert (row.unit, row.protocol, row.differs) == ("", {"n": 359}, ("seed",))


def notes(*runs: Any) -> str:
    groups = groups_of(runs)
    return "\n".join(comparison._notes(runs, groups, comparison_rows(groups)))


ELBO = {"elbo": metric(-1.0, n=9)}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, ""),
        ({"fingerprint": "b" * 16}, "different data"),
        ({"latent_dim": 3}, "The latent spaces differ"),
        ({"prior": "VampPrior"}, "The latent spaces differ"),
        ({"likelihood": "Gaussian"}, "The likelihoods differ"),
        ({"classes": 3}, "Some runs are conditional"),
        ({"seed": 0}, "A has a seed more than once"),
        ({"metrics": {"elbo": metric(-1.0, n=8)}}, "Not measured alike in all runs: elbo (n)"),
        ({"metrics": ELBO | {"kl": metric(1.0)}}, "Left out, since some runs lack them: kl."),
    ],
)
def test_a_note_is_made_of_what_differs_and_of_nothing_else(other: dict[str, Any], said: str) -> None:
    found = notes(run(0, ELBO), run(**{"seed": 1, "metrics": ELBO, **other}))
    assert said in found
    assert len(found.splitlines()) == bool(said)


def test_a_point_of_the_plane_is_a_run_of_its_group() -> None:
    figures = [{"kl": metric(3.0), "reconstruction": metric(90.0)}, {"kl": metric(4.0), "reconstruction": metric(80.0)}]
    groups = groups_of([run(0, figures[1], beta=2), run(1, figures[0], beta=2), run(0, figures[1], beta=1)])
    points = comparison._points(groups, "kl", "reconstruction")
    assert points.keys() == {"A: beta 1", "B: beta 2"}
    np.testing.assert_array_equal(points["A: beta 1"], [[4, 80]])
    np.testing.assert_array_equal(points["B: beta 2"], [[4, 80], [3, 90]])
