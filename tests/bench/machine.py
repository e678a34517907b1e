"""The machine of the benchmark: its cores, its facts, and the kernel's figures of a process."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PARTS = ("uvicorn", "uvloop", "httptools", "msgspec", "cryptography")

# Read at import: later the load generator is pinned and is itself the load.
CORES = sorted(os.sched_getaffinity(0))
_LOAD_BEFORE = os.getloadavg()[0]
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[min(1, len(CORES) - 1)]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all threads, user and system."""
    # The command name, in brackets, may contain blanks: count the fields after it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def rss_bytes(pid: int) -> int:
    """Return the exact resident set size of a process."""
    # smaps_rollup walks the pages; statm and status may lag by a batch per core.
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} shows no resident set")


def openssl_version() -> str:
    """Return the version of the OpenSSL on the path, or say that there is none."""
    try:
        completed = subprocess.run(
            ["openssl", "version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "no openssl command"
    return " ".join(completed.stdout.split()[:2])


def facts() -> tuple[tuple[str, str], ...]:
    """Return what the figures depend on, as (what, value)."""
    return (
        ("CPU", _cpu_model()),
        ("cores", f"{len(CORES)}; server on {SERVER_CORE}, load generator on {CLIENT_CORE}"),
        # Other load changes tails and start-up most, so the table reports it.
        ("load average before", f"{_LOAD_BEFORE:.2f}"),
        ("kernel", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("packages", ", ".join(f"{part} {version(part)}" for part in _PARTS)),
        ("openssl", openssl_version()),
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
