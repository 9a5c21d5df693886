"""How much memory each replica takes, from its start to its end."""

import asyncio
import contextlib
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.reliability.fleet import Fleet

EVERY = 5.0  # seconds
ENOUGH = 24  # looks at one process, two minutes, before its growth says anything
MAY_GROW = 1.15  # from the second quarter of a process's life to its last


class Memory:
    """Looks at every process of a fleet, those that replace others too."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._seen: dict[int, list[int]] = defaultdict(list)  # kilobytes by process id

    async def watch(self) -> None:
        """Look again and again."""
        while True:
            for process in self._fleet.processes.values():
                with contextlib.suppress(OSError, StopIteration):
                    self._seen[process.pid].append(_resident(process.pid))
            await asyncio.sleep(EVERY)

    def figures(self) -> dict[str, float]:
        """Give the most that a process took in megabytes, and the worst growth as a ratio."""
        return {
            "megabytes": round(max(max(seen) for seen in self._seen.values()) / 1024),
            "growth": round(max((growth for growth in map(_growth, self._seen.values())), default=1.0), 2),
        }

    def grew(self) -> list[str]:
        """Name each process that did not stay as it was."""
        grown = {pid: _growth(seen) for pid, seen in self._seen.items()}
        return [f"process {pid} grew by {ratio:.2f}" for pid, ratio in grown.items() if ratio > MAY_GROW]


def _growth(seen: list[int]) -> float:
    if len(seen) < ENOUGH:
        return 1.0
    quarter = len(seen) // 4
    return median(seen[-quarter:]) / median(seen[quarter : 2 * quarter])


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])
