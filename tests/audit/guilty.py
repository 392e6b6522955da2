"""Kernels that multiply data, openly or not.

The lines at which a violation may be named have the comment ``guilty``.
"""

import math

import numba
import numpy as np


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


def guilty_shift_of_constant_right(a, out):
    for i in range(a.shape[0]):
        out[i] = 1000000 >> (a[i] & 31)  # guilty


def guilty_product_among_cases(a, width, other, out):
    rest = a[0] - width * other
    if rest == 0:  # guilty
        out[0] = 5
    elif rest == 7:
        out[1] = 7
    elif rest == 13:
        out[2] = 9
    elif rest == 100:
        out[3] = 3


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


guilty_in_closure = make_closure(7)
