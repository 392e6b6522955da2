#include "ranges.h"

#include <inttypes.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Over all channels. */
Interval interval_of(const Site *site)
{
    Interval all = {site->low[0], site->high[0]};
    for (size_t channel = 1; channel < site->channels; channel++) {
        all.low = smaller(all.low, site->low[channel]);
        all.high = larger(all.high, site->high[channel]);
    }
    return all;
}

bool is_spiking(const Site *site)
{
    Interval all = interval_of(site);
    return all.low >= -1 && all.high <= 1;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? (uint64_t)-(value + 1) + 1 : (uint64_t)value;
}

static uint64_t peak_of(const Site *site)
{
    Interval all = interval_of(site);
    uint64_t low = magnitude(all.low), high = magnitude(all.high);
    return low > high ? low : high;
}

/* Products and shifts of bounds, which stay at the largest integer where they would pass it. */
static uint64_t product(uint64_t a, uint64_t b)
{
    return a != 0 && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

static uint64_t shifted(uint64_t a, int by)
{
    return by >= 64 ? (a == 0 ? 0 : UINT64_MAX) : product(a, (uint64_t)1 << by);
}

/* Refuse a bound beyond which the analysis itself could overflow. */
static void require_headroom(const Node *node, const char *name, uint64_t peak)
{
    if (peak >> 62 != 0)
        stop(REJECTED, "%s: the %s could pass 62 bits in the worst case", node->text->name, name);
}

static void require_bits(const Node *node, const char *name, int bits, Interval worst)
{
    int64_t most = INT64_MAX >> (64 - bits);
    if (worst.low < -most - 1 || worst.high > most)
        stop(REJECTED, "%s: the %s could be %" PRId64 " to %" PRId64 ", its register has %d bits", node->text->name,
             name, worst.low, worst.high, bits);
}

static void set_interval(Site *site, size_t channel, int64_t low, int64_t high)
{
    site->low[channel] = low;
    site->high[channel] = high;
}

void set_all_intervals(Site *site, int64_t low, int64_t high)
{
    for (size_t channel = 0; channel < site->channels; channel++)
        set_interval(site, channel, low, high);
}

void copy_intervals(Site *to, const Site *from)
{
    memcpy(to->low, from->low, from->channels * sizeof *from->low);
    memcpy(to->high, from->high, from->channels * sizeof *from->high);
}

void carry_spikes(Site *to, const Site *from)
{
    for (size_t channel = 0; channel < from->channels; channel++)
        set_interval(to, channel, smaller(from->low[channel], 0), larger(from->high[channel], 0));
}

/* ---- neurons ---- */

/* N8.1 and N9: both ends of a charge grow with the membrane and with the current. */
static int64_t charge_bound(const Lif *lif, int timestep, int64_t membrane, int64_t current)
{
    if (lif->exact)
        return membrane + shift_left(current, lif->leak_shift * timestep);
    if (lif->halve_input)
        return shift_right(shift_right(membrane, lif->leak_shift - 1) + current, 1);
    return shift_right(membrane, lif->leak_shift) + current;
}

/* What a membrane may be after its reset, 0 always among it. */
static Interval membrane_after(const Lif *lif, Interval charge, int64_t level)
{
    Interval membrane = {charge.low, smaller(charge.high, level - 1)};
    if (lif->subtract)
        membrane.high = larger(membrane.high, charge.high - level);
    if (lif->ternary)
        membrane.low = larger(charge.low, 1 - level);
    if (lif->ternary && lif->subtract)
        membrane.low = smaller(membrane.low, charge.low + level);
    return (Interval){smaller(membrane.low, 0), larger(membrane.high, 0)};
}

/* The worst charge of one channel over all timesteps; a membrane after its reset lies within it. */
static Interval charge_interval(const Lif *lif, int timesteps, Interval current, int64_t threshold)
{
    Interval worst = {0, 0}, membrane = {0, 0};
    for (int timestep = 0; timestep < timesteps; timestep++) {
        int level_shift = lif->exact ? lif->leak_shift * timestep + (lif->halve_input ? 1 : 0) : 0;
        Interval charge = {charge_bound(lif, timestep, membrane.low, current.low),
                           charge_bound(lif, timestep, membrane.high, current.high)};
        worst = (Interval){smaller(worst.low, charge.low), larger(worst.high, charge.high)};
        membrane = membrane_after(lif, charge, shift_left(threshold, level_shift));
    }
    return worst;
}

void prove_membrane(const Node *node, int bits, int timesteps)
{
    const Lif *lif = &node->as.lif;
    const Site *currents = node->inputs[0];
    uint64_t largest = peak_of(currents);
    for (size_t channel = 0; channel < lif->channels; channel++)
        largest = magnitude(lif->thresholds[channel]) > largest ? magnitude(lif->thresholds[channel]) : largest;
    int growth = lif->exact ? lif->leak_shift * (timesteps - 1) + 1 : 1;
    require_headroom(node, "membrane", shifted(product(largest, (uint64_t)timesteps), growth));
    for (size_t channel = 0; channel < lif->channels; channel++) {
        Interval current = {currents->low[channel], currents->high[channel]};
        Interval charge = charge_interval(lif, timesteps, current, lif->thresholds[channel]);
        require_bits(node, "membrane", bits, charge);
        set_interval(node->state, channel, charge.low, charge.high);
    }
}

void carry_relu(const Node *node)
{
    const Site *currents = node->inputs[0];
    for (size_t channel = 0; channel < currents->channels; channel++) {
        int64_t bounds[2] = {currents->low[channel], currents->high[channel]};
        relu(&node->as.relu, 2, bounds, bounds);
        set_interval(node->output, channel, bounds[0], bounds[1]);
    }
}

/* ---- sums ---- */

/* The least and the most that the taps can bring to one output; any of them may also be absent. */
static Interval gathered_interval(const Linear *map, const Site *values, size_t taps, size_t output)
{
    Interval sum = {0, 0};
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t channel = 0; channel < map->channels; channel++) {
            int64_t weight = map->weights[(tap * map->channels + channel) * map->outputs + output];
            int64_t least = smaller(values->low[channel], 0), most = larger(values->high[channel], 0);
            sum.low += weight * (weight > 0 ? least : most);
            sum.high += weight * (weight > 0 ? most : least);
        }
    return sum;
}

void prove_gather(const Node *node, const Linear *map, size_t taps, int bits)
{
    const Site *values = node->inputs[0];
    uint64_t most = product(map->largest_weight, taps);
    require_headroom(node, "accumulator", product(product(peak_of(values), most), map->channels));
    for (size_t output = 0; output < map->outputs; output++) {
        int64_t bias = map->bias[output];
        require_headroom(node, "accumulator", magnitude(bias));
        Interval sum = gathered_interval(map, values, taps, output);
        Interval partial = {sum.low + bias, sum.high + bias};
        if (map->planes > 0) /* the bias comes last */
            partial = (Interval){smaller(partial.low, sum.low), larger(partial.high, sum.high)};
        require_bits(node, "accumulator", bits, partial);
        set_interval(node->output, output, sum.low + bias, sum.high + bias);
    }
}

/* The biases of taps, any of which may be absent, on sums that are there. */
void prove_taps(const Node *node, int bits)
{
    const TapBias *taps = &node->as.tap_bias;
    const Site *values = node->inputs[0];
    size_t count = taps->window.rows * taps->window.columns, channels = values->channels;
    uint64_t peak = peak_of(values);
    for (size_t i = 0; i < count * channels; i++)
        peak = magnitude(taps->biases[i]) > peak ? magnitude(taps->biases[i]) : peak;
    require_headroom(node, "accumulator", product(peak, count + 1));
    for (size_t channel = 0; channel < channels; channel++) {
        Interval sum = {values->low[channel], values->high[channel]};
        for (size_t tap = 0; tap < count; tap++) {
            int64_t bias = taps->biases[tap * channels + channel];
            sum = (Interval){sum.low + smaller(bias, 0), sum.high + larger(bias, 0)};
        }
        require_bits(node, "accumulator", bits, sum);
        set_interval(node->output, channel, sum.low, sum.high);
    }
}

void prove_products(const Node *node, size_t terms, int bits)
{
    const Site *first = node->inputs[0], *second = node->inputs[1];
    require_headroom(node, "accumulator", product(product(peak_of(first), peak_of(second)), terms));
    Interval a = interval_of(first), b = interval_of(second), sum = {0, 0};
    int64_t corners[4] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
    for (int corner = 0; corner < 4; corner++)
        sum = (Interval){smaller(sum.low, corners[corner]), larger(sum.high, corners[corner])};
    sum = (Interval){sum.low * (int64_t)terms, sum.high * (int64_t)terms};
    require_bits(node, "accumulator", bits, sum);
    set_all_intervals(node->output, sum.low, sum.high);
}

void prove_residual(const Node *node, int bits)
{
    const Residual *shifts = &node->as.residual;
    const Site *stream = node->inputs[0], *branch = node->inputs[1], *sums = node->output;
    uint64_t peak = peak_of(stream) > peak_of(branch) ? peak_of(stream) : peak_of(branch);
    int shift = shifts->stream_shift > shifts->branch_shift ? shifts->stream_shift : shifts->branch_shift;
    require_headroom(node, "accumulator", shifted(peak, shift + 1));
    residual(shifts, sums->channels, stream->low, branch->low, sums->low);
    residual(shifts, sums->channels, stream->high, branch->high, sums->high);
    require_bits(node, "accumulator", bits, interval_of(sums));
}

void prove_sum(const Node *node, uint64_t terms, bool from_zero, int bits)
{
    const Site *values = node->inputs[0];
    require_headroom(node, "accumulator", product(peak_of(values), terms));
    for (size_t channel = 0; channel < values->channels; channel++) {
        int64_t low = from_zero ? smaller(values->low[channel], 0) : values->low[channel];
        int64_t high = from_zero ? larger(values->high[channel], 0) : values->high[channel];
        set_interval(node->output, channel, low * (int64_t)terms, high * (int64_t)terms);
    }
    require_bits(node, "accumulator", bits, interval_of(node->output));
}
