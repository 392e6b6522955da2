"""Kernels that multiply data and kernels that do not, by name, and how each is compiled."""

import guilty
import innocent
import numba

INT = "int64[::1]"
INT2 = "int64[:, ::1]"
PAIR = f"({INT}, {INT})"

SIGNATURES = {
    "guilty_repeated_addition": f"({INT}, int64, {INT})",
    "guilty_closed_form": f"(int64, {INT})",
    "guilty_narrow_vector": "(int32[::1], int32[::1])",
    "guilty_stride_of_loaded_index": f"({INT}, {INT2}, {INT})",
    "guilty_flat_offset": f"({INT}, int64, {INT}, {INT})",
    "guilty_stored_product": f"({INT}, int64, {INT})",
    "guilty_fill": "(int64, int64, uint8[::1])",
    "guilty_address_stored": f"({INT}, int64, {INT})",
    "guilty_chosen_factor": f"({INT}, int64, {INT})",
    "guilty_found_place": f"({INT}, int64, {INT})",
    "guilty_running_offset": f"({INT}, int64, {INT})",
    "guilty_product_compared": f"({INT}, int64, {INT})",
    "guilty_product_among_cases": f"({INT}, int64, int64, {INT})",
    "guilty_dot": "(float64[::1], float64[::1])",
    "guilty_matmul": "(float64[::1], float64[::1])",
    "innocent_strided": "(int64[:], int64[:])",
    "innocent_rows": f"(int64[:, :], {INT})",
    "innocent_three_axes": f"(int8[:, :, :], {INT})",
    "innocent_four_axes": f"(int8[:, :, :, ::1], {INT})",
    "innocent_gated_rows": f"(int8[::1], int8[:, ::1], {INT})",
    "innocent_table_of_offsets": f"(uint64[::1], uint64[::1], int8[::1], {INT})",
    "innocent_address_product": f"({INT}, int64, {INT})",
    "innocent_product_of_no_series": f"({INT}, int64, {INT})",
    "innocent_bounds": f"({INT}, int64, int64, {INT})",
}

ONLY_VECTORISED = {"guilty_running_offset", "guilty_stored_product"}
"""Guilty by what LLVM makes of it when it vectorises; otherwise a running sum stays a sum, and for some processors a
product of the loop's variable becomes one."""

GUILTY = {name: function for name, function in vars(guilty).items() if name.startswith("guilty_")}
INNOCENT = {name: function for name, function in vars(innocent).items() if name.startswith("innocent_")}
FUNCTIONS = GUILTY | INNOCENT


def compiled(name):
    """Compile a kernel of the gallery."""
    return numba.njit(SIGNATURES.get(name, PAIR), nogil=True)(FUNCTIONS[name])
