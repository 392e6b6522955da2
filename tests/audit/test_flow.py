"""The flow of data as a graph: what the audit judges is in it, and leads to it."""

import gallery
import numba
import pytest

from refsim.audit.flow import Flow, data_flow
from refsim.audit.kernel_audit import audit_kernel
from refsim.errors import MultiplicationError

MULTIPLIERS = {"mul", "sdiv", "udiv", "srem", "urem"}


def described(flow):
    """Return the edges as (opcode, array) pairs."""
    names = [(step.opcode, step.array) for step in flow.steps]
    return {(names[start], names[end]) for start, end in flow.edges}


@pytest.mark.parametrize("name", gallery.GUILTY)
def test_every_violation_of_the_ir_is_a_step(name):
    """Reasons and lines of the guilty steps are those of the audit, whose second opinion has neither step nor path."""
    dispatcher = gallery.compiled(name)
    found = {(each.line, each.reason) for each in audit_kernel(dispatcher).violations if each.path}
    assert found == {(step.line, step.reason) for step in data_flow(dispatcher).steps if step.reason}


@pytest.mark.parametrize("name", gallery.INNOCENT)
def test_in_the_innocent_data_meets_no_multiplier(name):
    """No step breaks a rule, no multiplier holds data, no product is stored; but LLVM writes x * -8 for a shift."""
    flow = data_flow(gallery.compiled(name))
    assert not any(step.reason for step in flow.steps)
    multipliers = [step for step in flow.steps if step.opcode in MULTIPLIERS and "data" in step.holds]
    assert not multipliers or name in ("innocent_negative_power_of_two", "innocent_table_of_offsets")
    assert not any(step.opcode == "store" and "product" in step.holds for step in flow.steps)


def repeated(weights, counts, out):
    for neuron in range(out.shape[0]):
        total = 0
        for _ in range(counts[neuron]):
            total += weights[neuron]
        out[neuron] = total


def test_repeated_addition_leads_from_two_loads_to_a_multiplier_and_to_memory():
    """The hidden multiplication of weights by counts, with the arrays that its operands came from."""
    dispatcher = numba.njit("(int32[::1], int32[::1], int32[::1])", nogil=True)(repeated)
    flow = data_flow(dispatcher)
    assert {(("load", "weights"), ("mul", "")), (("load", "counts"), ("mul", ""))} <= described(flow)
    guilty = [place for place, step in enumerate(flow.steps) if step.reason]
    assert [flow.steps[place].opcode for place in guilty] == ["mul"] and flow.steps[guilty[0]].copies >= 1
    assert any((step.opcode, step.array) == ("store", "out") for step in flow.steps)
    loads = [flow.ranks[place] for place, step in enumerate(flow.steps) if step.opcode == "load"]
    assert max(loads) < flow.ranks[guilty[0]] < max(flow.ranks)


def test_a_product_of_an_address_ends_in_the_address():
    """The row of a gather is index times width: the product is a step, its reader is an address, and holds nothing.

    Of rows that follow each other LLVM makes a running sum for some processors.
    """
    flow = data_flow(gallery.compiled("innocent_product_of_no_series"))
    products = {place for place, step in enumerate(flow.steps) if step.holds == "product"}
    read_by = {flow.steps[end] for start, end in flow.edges if start in products and end not in products}
    assert products and read_by
    assert all(step.opcode in ("getelementptr", "icmp") and not step.holds for step in read_by)


def test_ranks_follow_a_loop_once():
    """0 -> 1 -> 2 -> 1 is a loop; 3 hangs on 2, and 4, which reads nothing, is first needed by 3."""
    assert Flow((None,) * 5, ((0, 1), (1, 2), (2, 1), (2, 3), (4, 3))).ranks == (0, 1, 2, 3, 2)
    assert Flow((None,), ()).ranks == (0,)


def test_what_is_not_compiled_is_refused():
    """There is no code to follow."""
    with pytest.raises(MultiplicationError, match="not compiled yet"):
        data_flow(numba.njit(repeated))
