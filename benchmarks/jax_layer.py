"""What the transposed convolution costs on JAX without an accelerator, in Keras's form and in Latente's."""

from __future__ import annotations

import children
import machine
import tables
from summary import spread


def main() -> None:
    """Measure, write ``results/jax.json``, print the table."""
    measured = children.run("jax", "jax_run", backend="jax")
    result = {
        "code": machine.code(),
        "machine": machine.describe(),
        "foreign_cores": spread([measured["foreign_cores"]]),
        "step_seconds": {name: spread(values) for name, values in measured["step_seconds"].items()},
    }
    children.write_json(children.RESULTS / "jax.json", result)
    print(tables.jax(result))


if __name__ == "__main__":
    main()
