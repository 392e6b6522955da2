"""Kernels that do not multiply data, however much it may look like it."""

import numba
import numpy as np


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


def innocent_product_of_no_series(a, width, out):
    for i in range(a.shape[0] // 4):
        out[i] = a[(i ^ 1) * width]


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
