#include "operators.h"

int64_t shift_left(int64_t value, int by)
{
    uint64_t bits = (uint64_t)value << by;
    return bits <= INT64_MAX ? (int64_t)bits : -(int64_t)~bits - 1;
}

int64_t shift_right(int64_t value, int by)
{
    return value >= 0 ? value >> by : ~(~value >> by);
}

/* ---- neurons ---- */

/* N8.3: the level itself fires. */
static int64_t fire(const Lif *lif, int64_t charge, int64_t level)
{
    if (charge >= level)
        return 1;
    if (lif->ternary && charge <= -level)
        return -1;
    return 0;
}

/* N8.4 */
static int64_t reset(const Lif *lif, int64_t charge, int64_t level, int64_t spike)
{
    if (spike == 0)
        return charge;
    if (!lif->subtract)
        return 0;
    return spike > 0 ? charge - level : charge + level;
}

/* N8: the leak is a growth of currents and level, so that nothing is ever rounded. */
void lif_exact(const Lif *lif, int timestep, size_t rows, const int64_t *currents, int64_t *membranes, int64_t *spikes)
{
    int input_shift = lif->leak_shift * timestep;
    int level_shift = input_shift + (lif->halve_input ? 1 : 0);
    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < lif->channels; channel++) {
            size_t neuron = row * lif->channels + channel;
            int64_t charge = membranes[neuron] + shift_left(currents[neuron], input_shift);
            int64_t level = shift_left(lif->thresholds[channel], level_shift);
            spikes[neuron] = fire(lif, charge, level);
            membranes[neuron] = reset(lif, charge, level, spikes[neuron]);
        }
}

/* N9: the membrane has the scale of the currents; every shift rounds towards minus infinity. */
void lif_floor(const Lif *lif, size_t rows, const int64_t *currents, int64_t *membranes, int64_t *spikes)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < lif->channels; channel++) {
            size_t neuron = row * lif->channels + channel;
            int64_t charge, level = lif->thresholds[channel];
            if (lif->halve_input)
                charge = shift_right(shift_right(membranes[neuron], lif->leak_shift - 1) + currents[neuron], 1);
            else
                charge = shift_right(membranes[neuron], lif->leak_shift) + currents[neuron];
            spikes[neuron] = fire(lif, charge, level);
            membranes[neuron] = reset(lif, charge, level, spikes[neuron]);
        }
}

/* N10 */
void relu(const Relu *neuron, size_t count, const int64_t *currents, int64_t *spikes)
{
    for (size_t i = 0; i < count; i++) {
        int64_t positive = currents[i] > 0 ? currents[i] : 0;
        int64_t graded = shift_right(positive, neuron->shift);
        spikes[i] = graded < neuron->cap ? graded : neuron->cap;
    }
}

/* ---- gathers ---- */

/* N6: a spike adds or subtracts a row; without a spike nothing happens. */
static void gather(int64_t spike, const int64_t *row, size_t width, int64_t *sums)
{
    if (spike == 1)
        for (size_t i = 0; i < width; i++)
            sums[i] += row[i];
    else if (spike == -1)
        for (size_t i = 0; i < width; i++)
            sums[i] -= row[i];
}

/* All channels of one place, each with its row of weights. plane < 0: the values are spikes; else that bit is. */
static void gather_channels(const Linear *map, const int64_t *weights, const int64_t *values, int plane, int64_t *sums)
{
    for (size_t channel = 0; channel < map->channels; channel++) {
        int64_t spike = plane < 0 ? values[channel] : shift_right(values[channel], plane) & 1;
        gather(spike, weights + channel * map->outputs, map->outputs, sums);
    }
}

static void fill(int64_t *sums, size_t count, int64_t value)
{
    for (size_t i = 0; i < count; i++)
        sums[i] = value;
}

static void double_all(int64_t *sums, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] = shift_left(sums[i], 1);
}

static void add_all(int64_t *sums, size_t count, const int64_t *terms)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += terms[i];
}

/* N6 and N7 */
void linear(const Linear *map, size_t rows, const int64_t *values, int64_t *sums)
{
    for (size_t row = 0; row < rows; row++, values += map->channels, sums += map->outputs) {
        fill(sums, map->outputs, 0);
        if (map->planes == 0)
            gather_channels(map, map->weights, values, -1, sums);
        for (int plane = map->planes - 1; plane >= 0; plane--) {
            double_all(sums, map->outputs);
            gather_channels(map, map->weights, values, plane, sums);
        }
        add_all(sums, map->outputs, map->bias);
    }
}

/* One coordinate of a window's element, or -1 outside the image. */
static int64_t place_under(size_t output, size_t element, size_t stride, size_t padding, size_t length)
{
    int64_t place = (int64_t)(output * stride + element) - (int64_t)padding;
    return place < (int64_t)length ? place : -1;
}

/* The window around one place; outside the image there is no spike (N6), or the input is 0 (N7). */
static void gather_window(const Convolution *map, size_t y, size_t x, const int64_t *values, int plane, int64_t *sums)
{
    const Window *window = &map->window;
    for (size_t i = 0; i < window->rows; i++)
        for (size_t j = 0; j < window->columns; j++) {
            int64_t row = place_under(y, i, window->stride, window->padding, map->input.rows);
            int64_t column = place_under(x, j, window->stride, window->padding, map->input.columns);
            if (row < 0 || column < 0)
                continue;
            size_t place = (size_t)row * map->input.columns + (size_t)column;
            size_t tap = i * window->columns + j;
            gather_channels(&map->taps, map->taps.weights + tap * map->taps.channels * map->taps.outputs,
                            values + place * map->input.channels, plane, sums);
        }
}

/* N6 and N7; the kernel is not flipped. */
void convolution(const Convolution *map, const int64_t *values, int64_t *sums)
{
    size_t outputs = map->taps.outputs;
    for (size_t y = 0; y < map->output.rows; y++)
        for (size_t x = 0; x < map->output.columns; x++, sums += outputs) {
            fill(sums, outputs, 0);
            if (map->taps.planes == 0)
                gather_window(map, y, x, values, -1, sums);
            for (int plane = map->taps.planes - 1; plane >= 0; plane--) {
                double_all(sums, outputs);
                gather_window(map, y, x, values, plane, sums);
            }
            add_all(sums, outputs, map->taps.bias);
        }
}

/* The biases of those taps of one window that lie inside the image. */
static void add_taps(const TapBias *taps, size_t y, size_t x, int64_t *sums)
{
    const Window *window = &taps->window;
    for (size_t i = 0; i < window->rows; i++)
        for (size_t j = 0; j < window->columns; j++) {
            int64_t row = place_under(y, i, window->stride, window->padding, taps->input.rows);
            int64_t column = place_under(x, j, window->stride, window->padding, taps->input.columns);
            if (row >= 0 && column >= 0)
                add_all(sums, taps->output.channels, taps->biases + (i * window->columns + j) * taps->output.channels);
        }
}

/* N18 */
void tap_bias(const TapBias *taps, const int64_t *values, int64_t *sums)
{
    size_t channels = taps->output.channels;
    for (size_t y = 0; y < taps->output.rows; y++)
        for (size_t x = 0; x < taps->output.columns; x++, values += channels, sums += channels) {
            for (size_t channel = 0; channel < channels; channel++)
                sums[channel] = values[channel];
            add_taps(taps, y, x, sums);
        }
}

/* ---- attention ---- */

/* The term that one gated value brings to a sum. */
static int64_t gated(int64_t spike, int64_t value)
{
    return spike == 1 ? value : spike == -1 ? -value : 0;
}

/* N11: scores[h, n, m] gathers over the channels of head h what query token n and key token m share. */
void scores(const Attention *attention, const int64_t *query, const int64_t *key, int64_t *sums)
{
    size_t channels = attention->heads * attention->width;
    for (size_t head = 0; head < attention->heads; head++)
        for (size_t n = 0; n < attention->tokens; n++)
            for (size_t m = 0; m < attention->tokens; m++, sums++) {
                const int64_t *q = query + n * channels + head * attention->width;
                const int64_t *k = key + m * channels + head * attention->width;
                *sums = 0;
                for (size_t e = 0; e < attention->width; e++)
                    *sums += attention->first_gates ? gated(q[e], k[e]) : gated(k[e], q[e]);
            }
}

/* N11: context[n, h E + e] gathers over the tokens m what the map of head h gives them. */
void context(const Attention *attention, const int64_t *map, const int64_t *value, int64_t *sums)
{
    size_t channels = attention->heads * attention->width;
    for (size_t n = 0; n < attention->tokens; n++)
        for (size_t channel = 0; channel < channels; channel++, sums++) {
            size_t head = channel / attention->width;
            const int64_t *a = map + (head * attention->tokens + n) * attention->tokens;
            const int64_t *v = value + channel;
            *sums = 0;
            for (size_t m = 0; m < attention->tokens; m++)
                *sums += attention->first_gates ? gated(a[m], v[m * channels]) : gated(v[m * channels], a[m]);
        }
}

/* N17: key_values[h, e, f] gathers over the tokens what channel e of K and channel f of V share in head h. */
void key_value(const Attention *attention, const int64_t *key, const int64_t *value, int64_t *sums)
{
    size_t channels = attention->heads * attention->width;
    for (size_t head = 0; head < attention->heads; head++)
        for (size_t e = 0; e < attention->width; e++)
            for (size_t f = 0; f < attention->width; f++, sums++) {
                const int64_t *k = key + head * attention->width + e;
                const int64_t *v = value + head * attention->width + f;
                *sums = 0;
                for (size_t n = 0; n < attention->tokens; n++, k += channels, v += channels)
                    *sums += attention->first_gates ? gated(*k, *v) : gated(*v, *k);
            }
}

/* N17: context[n, h E + f] gathers over the channels e of head h what K^T V holds for them. */
void retrieval(const Attention *attention, const int64_t *query, const int64_t *key_values, int64_t *sums)
{
    size_t width = attention->width;
    for (size_t n = 0; n < attention->tokens; n++)
        for (size_t head = 0; head < attention->heads; head++, query += width)
            for (size_t f = 0; f < width; f++, sums++) {
                const int64_t *rows = key_values + head * width * width;
                *sums = 0;
                for (size_t e = 0; e < width; e++)
                    *sums += gated(query[e], rows[e * width + f]);
            }
}

/* N16 */
void mask(const Mask *form, const int64_t *spikes, const int64_t *gates, int64_t *masked)
{
    for (size_t token = 0; token < form->tokens; token++, spikes += form->channels, masked += form->channels) {
        const int64_t *row = form->one_row ? gates : gates + token * form->channels;
        for (size_t channel = 0; channel < form->channels; channel++)
            masked[channel] = row[channel] == 1 ? spikes[channel] : 0;
    }
}

/* ---- the rest ---- */

/* The largest value under one window; what lies outside the image is ignored, not taken as 0. */
static int64_t largest_under(const MaxPool *pool, size_t y, size_t x, const int64_t *values)
{
    const Window *window = &pool->window;
    int64_t largest = INT64_MIN;
    for (size_t i = 0; i < window->rows; i++)
        for (size_t j = 0; j < window->columns; j++) {
            int64_t row = place_under(y, i, window->stride, window->padding, pool->input.rows);
            int64_t column = place_under(x, j, window->stride, window->padding, pool->input.columns);
            if (row < 0 || column < 0)
                continue;
            int64_t value = values[((size_t)row * pool->input.columns + (size_t)column) * pool->input.channels];
            largest = value > largest ? value : largest;
        }
    return largest;
}

/* N12 */
void max_pool(const MaxPool *pool, const int64_t *values, int64_t *largest)
{
    for (size_t y = 0; y < pool->output.rows; y++)
        for (size_t x = 0; x < pool->output.columns; x++)
            for (size_t channel = 0; channel < pool->input.channels; channel++)
                *largest++ = largest_under(pool, y, x, values + channel);
}

/* N13 */
void residual(const Residual *shifts, size_t count, const int64_t *stream, const int64_t *branch, int64_t *sums)
{
    for (size_t i = 0; i < count; i++)
        sums[i] = shift_left(stream[i], shifts->stream_shift) + shift_left(branch[i], shifts->branch_shift);
}

/* N14: the values of all tokens, channel by channel. */
void token_sum(size_t tokens, size_t channels, const int64_t *values, int64_t *sums)
{
    fill(sums, channels, 0);
    for (size_t token = 0; token < tokens; token++)
        add_all(sums, channels, values + token * channels);
}

/* N14: the running total. */
void time_sum(size_t count, const int64_t *values, int64_t *totals)
{
    add_all(totals, count, values);
}

/* N15: of equal ones the lowest. */
void argmax(size_t rows, size_t classes, const int64_t *logits, int64_t *labels)
{
    for (size_t row = 0; row < rows; row++, logits += classes) {
        size_t best = 0;
        for (size_t class = 1; class < classes; class++)
            if (logits[class] > logits[best])
                best = class;
        labels[row] = (int64_t)best;
    }
}
