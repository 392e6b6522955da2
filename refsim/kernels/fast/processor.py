"""What of a processor decides how weights are cut into blocks: caches and vector registers. No result depends on it."""

import platform
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

SECOND_CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
"""Where Linux says how large the second cache is, as 512K or 1M."""

USUAL_SECOND_CACHE = 1 << 20

UNITS = {"K": 10, "M": 20}


@cache
def second_cache():
    """Return the bytes of the second cache, the usual number where the system does not say."""
    try:
        text = SECOND_CACHE.read_text().strip()
        return int(text[:-1]) << UNITS[text[-1]]
    except (OSError, ValueError, KeyError, IndexError):
        return USUAL_SECOND_CACHE


@cache
def vector_registers():
    """Return the bytes of all vector registers together."""
    if platform.machine() in ("arm64", "aarch64"):
        return 32 * 16
    features = llvm.get_host_cpu_features()
    return 32 * 64 if features.get("avx512f") else 16 * 32 if features.get("avx2") else 16 * 16
