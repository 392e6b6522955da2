"""What machine code is, whatever was compiled before it."""

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from refsim.audit.object_code import ELF, NUMBER, OFFSET_BYTES, SYMBOL_BYTES, code_hash


def gather(values, out):
    """Add what is under zero; ask a function that is not compiled into it."""
    for i in range(values.shape[0]):
        out[0] += min(values[i], 0)


def compiled(function=gather):
    """Return a new object file of a function."""
    dispatcher = numba.njit(function)
    dispatcher(np.arange(-5, 5), np.zeros(1, np.int64))
    return dispatcher.overloads[dispatcher.signatures[0]].library._get_compiled_object()


@pytest.fixture(scope="module")
def code():
    found = compiled()
    if not found.startswith(ELF):
        pytest.skip("object files of this system are no ELF")
    return found


def sections(code):
    """Return the content of the sections by name."""
    return {part.name(): part.data() for part in llvm.ObjectFileRef.from_data(code).sections() if part.name()}


def test_the_same_code_has_the_same_hash(code):
    """Compiled once more in the same process it has other bytes, of the same number, and the same hash."""
    again = compiled()
    assert again != code and len(again) == len(code)
    assert code_hash(code) == code_hash(again)


def test_only_numbers_of_functions_are_left_out(code):
    """Section by section the two differ there and nowhere else, but for the table of names, which is sorted."""
    one, other = sections(code), sections(compiled())
    names = [table.pop(b".strtab") for table in (one, other)]
    assert len(names[0]) == len(names[1]) and len(NUMBER.findall(names[0])) > 3
    assert any(NUMBER.search(content) for content in one.values())
    assert [(name, NUMBER.sub(b"", content)) for name, content in one.items() if name != b".symtab"] == [
        (name, NUMBER.sub(b"", content)) for name, content in other.items() if name != b".symtab"
    ]


def test_every_byte_of_a_section_counts(code):
    """An instruction, what it refers to, a constant, a symbol: one flipped bit gives another hash."""
    large = {name: content for name, content in sections(code).items() if len(content) > 64 and name != b".strtab"}
    assert len(large) >= 4
    for name, content in large.items():
        start, numbered = (
            code.index(content),
            {place for found in NUMBER.finditer(content) for place in range(*found.span())},
        )
        for place in set(range(0, len(content), 7)) - numbered:
            if name == b".symtab" and place % SYMBOL_BYTES < OFFSET_BYTES:
                continue
            changed = bytearray(code)
            changed[start + place] ^= 1
            assert code_hash(bytes(changed)) != code_hash(code)


def test_the_name_of_what_is_called_counts(code):
    """Another function of Python's in the place of one is other code."""
    assert code.count(b"PyErr_Clear\0") == 1
    assert code_hash(code.replace(b"PyErr_Clear\0", b"PyErr_Print\0")) != code_hash(code)


def test_what_is_no_elf_counts_as_it_is():
    """Every byte of it."""
    assert code_hash(b"B8v1234567") != code_hash(b"B8v1234568")
