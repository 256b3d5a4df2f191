"""How far an exported model is from the trained one, by functions whose differences are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from latente.export.parity import differences

GIVEN = {"x": np.arange(64, dtype="float64")}


def trained(inputs: dict) -> dict[str, np.ndarray]:
    return {"small": inputs["x"] / 100, "large": -10 * np.ones(len(inputs["x"]))}


def off(by: Callable[[int], float], output: str = "small", row: int = 0) -> Callable[[dict], dict]:
    """The trained model, whose one row of an output is off by what follows from the size of the batch."""

    def exported(inputs: dict) -> dict[str, np.ndarray]:
        found = trained(inputs)
        if len(inputs["x"]) > row:
            found[output][row] += by(len(inputs["x"]))
        return found

    return exported


@pytest.mark.parametrize("largest", [1, 7, 64])
def test_the_largest_difference_of_all_batches_is_told(largest: int) -> None:
    found = differences(trained, off(lambda size: 5e-5 if size == largest else -2e-5), GIVEN)
    assert found == {"small": pytest.approx(5e-5), "large": 0}


def test_every_row_is_compared() -> None:
    assert differences(trained, off(lambda size: -7e-5, row=63), GIVEN)["small"] == pytest.approx(7e-5)
    batches: list[list[float]] = []
    differences(lambda inputs: batches.append(inputs["x"].tolist()) or trained(inputs), trained, GIVEN)
    assert batches == [[0.0], list(range(7)), list(range(64))]


def test_what_is_above_1_is_compared_by_its_share() -> None:
    assert differences(trained, off(lambda size: 9e-4, "large"), GIVEN)["large"] == pytest.approx(9e-5)
    with pytest.raises(RuntimeError, match="differs from the trained one: large by 1.1e-04. At most 0.0001 is"):
        differences(trained, off(lambda size: -1.1e-3, "large"), GIVEN)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_difference_of_a_ten_thousandth_is_the_last_allowed(sign: int) -> None:
    assert differences(trained, off(lambda size: sign * 1e-4), GIVEN)["small"] == 1e-4
    with pytest.raises(RuntimeError) as refused:
        differences(trained, off(lambda size: sign * 1.01e-4), GIVEN)
    assert str(refused.value) == (
        "The exported model differs from the trained one: small by 1.0e-04. At most 0.0001 is accepted. Nothing was "
        "written; this is a defect of the conversion, so please report it, and take another --format."
    )


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_model(wrong: float, size: int) -> None:
    with pytest.raises(RuntimeError, match=f"small by {abs(wrong)}"):
        differences(trained, off(lambda n: wrong if n == size else 0), GIVEN)


def test_the_second_output_counts_as_the_first_does() -> None:
    for output in ("small", "large"):
        with pytest.raises(RuntimeError, match=output):
            differences(trained, off(lambda size: 0.5, output), GIVEN)


def test_another_shape_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"gives the shape \(1,\) in place of \(1, 2\)"):
        differences(lambda given: {"y": np.zeros((len(given["x"]), 2))}, lambda given: {"y": given["x"]}, GIVEN)


def codes(wrong: int) -> Callable[[dict], dict[str, Any]]:
    """Indices of 16 positions, of which the last image has so many others: of 1,024 in the largest batch."""

    def model(inputs: dict) -> dict[str, Any]:
        indices = np.arange(len(inputs["x"]) * 16, dtype="int32").reshape(-1, 16)
        indices[63:, :wrong] += 5
        return {"codes": indices * (1.0 + wrong), "indices": indices}

    return model


def test_of_discrete_codes_one_in_a_thousand_may_be_another() -> None:
    assert differences(codes(0), codes(1), GIVEN) == {"indices": 1 / 1024}
    with pytest.raises(RuntimeError, match="indices by 2.0e-03"):
        differences(codes(0), codes(2), GIVEN)
