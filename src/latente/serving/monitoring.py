"""What Prometheus reads: requests by address, their time, and how well the batching works."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Monitor:
    """The figures of one service.

    Attributes:
        registry: Holds them all.
        requests: Finished requests by method, address and status.
        seconds: Their time by address.
        running: Requests that are being answered.
        rows: Images or codes in each call of a model.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "latente_requests", "Finished requests", ["method", "address", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "latente_request_seconds",
            "Time of requests",
            ["method", "address"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.running = Gauge("latente_requests_running", "Requests being answered", registry=self.registry)
        self.rows = Histogram(
            "latente_model_rows", "Images or codes in each call of a model", registry=self.registry, buckets=ROWS
        )
