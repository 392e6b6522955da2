"""What blocks of weights have to fit: read where the system says it, else what is usual."""

import numpy as np
import pytest

from refsim.engine import packing
from refsim.kernels.fast import processor


@pytest.fixture(autouse=True)
def asked_again():
    """Answers are kept for the life of a process."""
    yield
    processor.second_cache.cache_clear()
    processor.vector_registers.cache_clear()


@pytest.mark.parametrize(
    "text, size", [("512K\n", 1 << 19), ("2M\n", 1 << 21), ("", 1 << 20), ("many", 1 << 20), (None, 1 << 20)]
)
def test_the_second_cache(tmp_path, monkeypatch, text, size):
    """As Linux writes it; the usual size where it says nothing that can be read."""
    path = tmp_path / "size"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(processor, "SECOND_CACHE", path)
    processor.second_cache.cache_clear()
    assert size == processor.second_cache()


@pytest.mark.parametrize(
    "machine, features, size",
    [
        ("x86_64", {"avx512f": True, "avx2": True}, 2048),
        ("x86_64", {"avx2": True}, 512),
        ("AMD64", {}, 256),
        ("arm64", {}, 512),
    ],
)
def test_vector_registers(monkeypatch, machine, features, size):
    """Thirty-two of 64 bytes with AVX-512, sixteen of 32 with AVX2, of 16 without, thirty-two of 16 on arm64."""
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    monkeypatch.setattr(processor.llvm, "get_host_cpu_features", lambda: features)
    processor.vector_registers.cache_clear()
    assert size == processor.vector_registers()


@pytest.mark.parametrize(
    "cache, registers, pairs, lanes",
    [
        (1 << 20, 2048, True, 8),
        (1 << 19, 512, True, 6),
        (1 << 17, 2048, True, 4),
        (1 << 17, 2048, False, 2),
        (1 << 17, 256, True, 2),
    ],
)
def test_a_block_fits_caches_and_registers(monkeypatch, cache, registers, pairs, lanes):
    """768 rows for 768 outputs: 8 lanes leave none unused, but fill 196 KB and 512 bytes of sums.

    Of pairs 4 lanes are enough wherever they fit registers, since rows are asked for ahead.
    """
    monkeypatch.setattr(packing, "second_cache", lambda: cache)
    monkeypatch.setattr(packing, "vector_registers", lambda: registers)
    assert lanes == packing.lane_count(packing.Packed.LANE_COUNTS, 768, 768, np.dtype(np.int8).itemsize, pairs)
