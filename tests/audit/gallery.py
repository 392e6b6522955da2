"""Kernels that multiply data, openly or not, and kernels that do not.

A guilty kernel marks the lines at which its violation may be named with the comment ``guilty``.
"""

import math

import numba
import numpy as np

INT = "int64[::1]"
INT2 = "int64[:, ::1]"
PAIR = f"({INT}, {INT})"


def guilty_plain(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] * 555  # guilty


def guilty_two_arrays(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] * out[i]  # guilty


def guilty_in_place(a, out):
    for i in range(a.shape[0]):
        out[i] *= a[i]  # guilty


def guilty_square(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] ** 2  # guilty


def guilty_cube(a, out):
    for i in range(a.shape[0]):
        x = a[i]
        out[i] = x**3  # guilty


def guilty_division(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] // 7  # guilty


def guilty_modulo(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] % 10  # guilty


def guilty_division_by_data(a, out):
    for i in range(a.shape[0]):
        out[i] = 1000 // (a[i] | 1)  # guilty


def guilty_float_cast(a, out):
    for i in range(a.shape[0]):
        out[i] = np.int64(np.float64(a[i]) + 0.5)  # guilty


def guilty_true_division(a, out):
    for i in range(a.shape[0]):
        out[i] = int(a[i] / 3)  # guilty


def guilty_fma_pattern(a, out):
    total = 0
    for i in range(a.shape[0]):
        total += a[i] * out[i]  # guilty
    out[0] = total


def guilty_repeated_addition(a, n, out):
    for i in range(a.shape[0]):
        total = 0
        for _ in range(n):  # guilty
            total += a[i]  # guilty
        out[i] = total  # guilty


def guilty_shift_add(a, out):
    for i in range(a.shape[0]):
        x = a[i]
        out[i] = (x << 9) + (x << 5) + (x << 3) + (x << 1) + x  # guilty


def guilty_closed_form(n, out):
    total = 0
    for i in range(n):  # guilty
        total += i  # guilty
    out[0] = total  # guilty


def guilty_closed_form_of_data(a, out):
    total = 0
    for i in range(a[0]):  # guilty
        total += i  # guilty
    out[0] = total  # guilty


@numba.njit
def triple(x):
    return x * 3  # guilty


@numba.njit(inline="never", no_cpython_wrapper=True)
def product(x, y):
    return x * y  # guilty


def guilty_in_called_function(a, out):
    for i in range(a.shape[0]):
        out[i] = triple(a[i])  # guilty


def guilty_in_called_function_of_two(a, out):
    for i in range(a.shape[0]):
        out[i] = product(a[i], out[i])  # guilty


def make_closure(factor):
    def guilty_in_closure(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * factor  # guilty

    return guilty_in_closure


def guilty_behind_local_array(a, out):
    kept = np.empty(8, np.int64)
    for i in range(8):
        kept[i] = a[i]
    for i in range(8):
        out[i] = kept[i] * 11  # guilty


def guilty_through_select(a, out):
    for i in range(a.shape[0]):
        factor = 5 if a[i] > 3 else a[i]
        out[i] = factor * 13  # guilty


def guilty_through_loop(a, out):
    carried = 1
    for i in range(a.shape[0]):
        carried = carried * 31 + a[i]  # guilty
    out[0] = carried


def guilty_factorial(a, out):
    value = a[0]
    for _ in range(a.shape[0]):
        value = value * value + 1  # guilty
    out[0] = value


def guilty_narrow_vector(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] * np.int32(77)  # guilty


def guilty_popcount_times_constant(a, out):
    for i in range(a.shape[0]):
        x, count = a[i], 0
        while x != 0:  # guilty
            x &= x - 1
            count += 1
        out[i] = (count & a[i]) * 37  # guilty


def guilty_stride_of_loaded_index(a, weights, out):
    for event in range(a.shape[0]):
        channel = a[event]
        for o in range(weights.shape[1]):
            out[o] += weights[channel, o]  # guilty


def guilty_flat_offset(a, width, weights, out):
    for event in range(a.shape[0]):
        offset = a[event] * width  # guilty
        for o in range(width):
            out[o] += weights[offset + o]


def guilty_stored_product(a, width, out):
    for i in range(a.shape[0]):
        out[i] = i * width  # guilty


def guilty_fill(first, second, out):
    for i in range(out.shape[0]):  # guilty
        out[i] = first * second  # guilty


def guilty_address_stored(a, width, out):
    out[0] = a[width * width :].ctypes.data  # guilty


def guilty_shift(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] << out[i]  # guilty


def guilty_shift_of_constant(a, out):
    for i in range(a.shape[0]):
        out[i] = 5 << (a[i] & 7)  # guilty


def guilty_chosen_factor(a, width, out):
    for i in range(a.shape[0]):
        if a[i] > 0:
            factor = width
        else:
            factor = width + 3
        out[i] = factor * width  # guilty


def guilty_found_place(a, width, out):
    place = 0
    while place < a.shape[0] and a[place] == 0:
        place += 1
    out[0] = place * width  # guilty


def guilty_bit_by_bit(a, out):
    one = other = total = 0
    for plane in range(3, -1, -1):
        one, other = one << 1, other << 1
        if a[0] & (1 << plane) != 0:
            one += 41
        if a[1] & (1 << plane) != 0:
            other += 41
    product = one * other  # guilty
    for plane in range(18, -1, -1):
        total = total << 1
        if product & (1 << plane) != 0:
            total += 3
    out[0] = total


def guilty_running_offset(a, width, out):
    row = 0
    for i in range(a.shape[0]):  # guilty
        if a[i] != 0:
            out[i] = row  # guilty
        row += width  # guilty


def guilty_product_compared(a, width, out):
    for i in range(a.shape[0]):
        if a[i] > i * i * width:  # guilty
            out[i] = 1


def guilty_dot(a, out):
    out[0] = np.dot(a, a)  # guilty


def guilty_matmul(a, out):
    out[0] = a @ a  # guilty


def guilty_pow(a, out):
    for i in range(a.shape[0]):
        out[i] = int(math.pow(a[i], 2))  # guilty


def guilty_hypot(a, out):
    for i in range(a.shape[0]):
        out[i] = int(math.hypot(a[i], 3))  # guilty


def guilty_table(a, out):
    table = np.empty(64, np.int64)
    for i in range(64):
        table[i] = i * i * a.shape[0]  # guilty
    for i in range(a.shape[0]):
        out[i] = table[a[i] & 63]


def guilty_product_of_array(a, out):
    out[0] = a.prod()  # guilty


def guilty_mean(a, out):
    out[0] = int(a.mean())  # guilty


def innocent_sum(a, out):
    total = 0
    for i in range(a.shape[0]):
        total += a[i]
    out[0] = total


def innocent_strided(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] + 1


def innocent_rows(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j] += a[i, j]


def innocent_three_axes(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                out[k] += a[i, j, k]


def innocent_four_axes(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                for m in range(a.shape[3]):
                    out[m] -= a[i, j, k, m]


def innocent_early_exit(a, out):
    for i in range(a.shape[0]):
        if a[i] < 0:
            break
        out[i] = a[i]


def innocent_shifts(a, out):
    for i in range(a.shape[0]):
        out[i] = (a[i] << 3) ^ (a[i] >> 2)


def innocent_power_of_two(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] * 8


def innocent_negative_power_of_two(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] * -8


def innocent_select(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] if a[i] > 0 else 0


def innocent_min_max(a, out):
    for i in range(a.shape[0]):
        out[i] = max(min(a[i], 127), -128)


def innocent_popcount(a, out):
    for i in range(a.shape[0]):
        x, count = a[i], 0
        while x != 0:
            x &= x - 1
            count += 1
        out[i] = count


def innocent_absolute(a, out):
    for i in range(a.shape[0]):
        out[i] = abs(a[i])


def innocent_gated_rows(a, weights, out):
    for channel in range(a.shape[0]):
        if a[channel] > 0:
            for o in range(weights.shape[1]):
                out[o] += weights[channel, o]
        elif a[channel] < 0:
            for o in range(weights.shape[1]):
                out[o] -= weights[channel, o]


def innocent_table_of_offsets(a, offsets, weights, out):
    width = out.shape[0]
    for event in range(a.shape[0]):
        start = offsets[a[event]]
        row = weights[start : start + width]
        for o in range(width):
            out[o] += row[o]


def innocent_local_array(a, out):
    kept = np.zeros(8, np.int64)
    for i in range(8):
        kept[i] += a[i]
    for i in range(8):
        out[i] = kept[i]


def innocent_sign(a, out):
    for i in range(a.shape[0]):
        out[i] = 1 if a[i] > 0 else (-1 if a[i] < 0 else 0)


def innocent_choice_of_constants(a, out):
    for i in range(a.shape[0]):
        out[i] = 10 if a[i] == 0 else 7 if a[i] == 1 else 99 if a[i] == 2 else 4 if a[i] == 3 else 1


def innocent_constants(a, out):
    for i in range(a.shape[0]):
        out[i] = 6 * 7


def innocent_address_product(a, width, out):
    for i in range(a.shape[0] // 4):
        out[i] = a[i * width]


def innocent_bounds(a, rows, columns, out):
    for i in range(min(rows * columns, a.shape[0])):
        out[i] = a[i]


def innocent_names(half, double):
    for i in range(half.shape[0]):
        float = half[i] + 1
        double[i] = float


@numba.njit
def saturate(x, cap):
    return cap if x > cap else x


def innocent_called_function(a, out):
    for i in range(a.shape[0]):
        out[i] = saturate(a[i], 100)


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
    "guilty_dot": "(float64[::1], float64[::1])",
    "guilty_matmul": "(float64[::1], float64[::1])",
    "innocent_strided": "(int64[:], int64[:])",
    "innocent_rows": f"(int64[:, :], {INT})",
    "innocent_three_axes": f"(int8[:, :, :], {INT})",
    "innocent_four_axes": f"(int8[:, :, :, ::1], {INT})",
    "innocent_gated_rows": f"(int8[::1], int8[:, ::1], {INT})",
    "innocent_table_of_offsets": f"(uint64[::1], uint64[::1], int8[::1], {INT})",
    "innocent_address_product": f"({INT}, int64, {INT})",
    "innocent_bounds": f"({INT}, int64, int64, {INT})",
}

FUNCTIONS = {name: value for name, value in list(globals().items()) if name.startswith(("guilty_", "innocent_"))}
FUNCTIONS["guilty_in_closure"] = make_closure(7)
ONLY_VECTORISED = {"guilty_running_offset"}
"""Guilty by what LLVM makes of it when it vectorises; otherwise its running sum stays a sum."""

GUILTY = {name: function for name, function in FUNCTIONS.items() if name.startswith("guilty_")}
INNOCENT = {name: function for name, function in FUNCTIONS.items() if name.startswith("innocent_")}


def compiled(name):
    """Compile a kernel of the gallery."""
    return numba.njit(SIGNATURES.get(name, PAIR), nogil=True)(FUNCTIONS[name])
