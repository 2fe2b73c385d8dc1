"""What the stages of a run take: time, and memory at their peaks."""

import contextlib
import pathlib
import resource
import sys
import time

STATUS, RESET = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")


class Costs:
    """Of the stages that have ended, by their names.

    Attributes:
        seconds: dict of floats.
        cpu_seconds: dict of floats, of all cores together, without other processes.
        peak_memory_mb: dict of floats, the most that the process held during the
            stage; where the system does not say that of a stage, the most so far.
    """

    def __init__(self):
        self.seconds, self.cpu_seconds, self.peak_memory_mb = {}, {}, {}

    @contextlib.contextmanager
    def of(self, stage):
        """Context that is a stage; none may be within another."""
        with contextlib.suppress(OSError):
            RESET.write_text("5", "utf-8")  # Linux forgets the peak until now
        start, busy = time.perf_counter(), time.process_time()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 1)
        self.cpu_seconds[stage] = round(time.process_time() - busy, 1)
        self.peak_memory_mb[stage] = round(_peak_mb(), 1)


def _peak_mb():
    if STATUS.exists():
        lines = STATUS.read_text("utf-8").splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
