"""Rounds of load on one route of one server, added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.figures import Cell
from benchmarks.load import LoadReport
from benchmarks.statistics import percentile

__all__ = ["TALLY_COLUMNS", "Tally"]

TALLY_COLUMNS = [
    "requests/s",
    "CPU us/request",
    "p50 ms",
    "p99 ms",
    "max ms",
    "errors",
    "RSS MB",
    "generator CPU",
]


@dataclass
class Tally:
    """All rounds of one stream; requests of other streams of the same load count for CPU only."""

    stream: str
    reports: list[LoadReport] = field(default_factory=list)

    def add(self, report: LoadReport) -> None:
        """Add one round."""
        self.reports.append(report)

    @property
    def requests_per_s(self) -> float:
        """Answered requests a second."""
        answered = sum(report.streams[self.stream].completed_in_time for report in self.reports)
        return answered / sum(report.duration_s for report in self.reports)

    @property
    def cpu_us(self) -> float:
        """CPU time of the server per request, in microseconds."""
        return self._per_request(sum(report.server_cpu_s for report in self.reports))

    @property
    def main_thread_cpu_us(self) -> float:
        """Of `cpu_us`, the server's first thread."""
        return self._per_request(sum(report.server_main_thread_cpu_s for report in self.reports))

    def _per_request(self, cpu_s: float) -> float:
        completed = sum(stream.completed for report in self.reports for stream in report.streams.values())
        return cpu_s / completed * 1e6 if completed else float("nan")

    def latency_ms(self, percent: float) -> float:
        """Return a percentile of the latency over all rounds, in milliseconds."""
        latencies = (value for report in self.reports for value in report.streams[self.stream].latencies_s)
        return percentile(latencies, percent) * 1e3

    @property
    def errors(self) -> Counter[str]:
        """What went wrong, how often."""
        return sum((report.streams[self.stream].errors for report in self.reports), Counter[str]())

    def cells(self) -> list[Cell]:
        """Return the row of the table, as `TALLY_COLUMNS` names it."""
        return [
            round(self.requests_per_s),
            round(self.cpu_us) if self.cpu_us == self.cpu_us else None,
            *(round(self.latency_ms(percent), 1) for percent in (50, 99, 100)),
            self.errors.total(),
            round(max(report.server_rss_bytes for report in self.reports) / 2**20),
            f"{max(report.client_cpu_share for report in self.reports):.0%}",
        ]
