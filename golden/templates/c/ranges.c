#include "ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- settings and parameters ---- */

static const char *setting(const Node *node, const char *name)
{
    for (Setting *each = node->text->settings; each != NULL; each = each->next)
        if (strcmp(each->name, name) == 0 && !each->used) {
            each->used = true;
            return each->value;
        }
    return NULL;
}

static int integer_setting(const Node *node, const char *name, int otherwise, int low, int high)
{
    char what[2 * NAME_SIZE + 2];
    const char *value = setting(node, name);
    snprintf(what, sizeof what, "%s.%s", node->text->name, name);
    return value == NULL ? otherwise : (int)parse_integer(value, low, high, what);
}

/* Whether a setting of two words is the second of them; left out, it is the first. */
static bool is_second(const Node *node, const char *name, const char *first, const char *second)
{
    const char *value = setting(node, name);
    if (value == NULL || strcmp(value, first) == 0)
        return false;
    if (strcmp(value, second) != 0)
        stop(REJECTED, "%s.%s: expected %s or %s, got %s", node->text->name, name, first, second, value);
    return true;
}

static int bits_setting(const Node *node, const char *name)
{
    return integer_setting(node, name, 32, 2, 64);
}

static const Tensor *parameter(const Network *network, const Node *node, const char *field, int axes)
{
    char name[2 * NAME_SIZE];
    snprintf(name, sizeof name, "%s.%s", node->text->name, field);
    for (const Tensor *tensor = network->golden->parameters; tensor != NULL; tensor = tensor->next)
        if (strcmp(tensor->name, name) == 0) {
            if (tensor->shape.axes != axes)
                stop(REJECTED, "%s: expected %d axes, got %d", name, axes, tensor->shape.axes);
            return tensor;
        }
    stop(REJECTED, "%s: missing", name);
}

/* Biases and thresholds: int32 or int64, one a channel. */
static const int64_t *wide_parameter(const Network *network, const Node *node, const char *field, size_t channels)
{
    const Tensor *tensor = parameter(network, node, field, 1);
    if (tensor->type != &TYPES[TYPE_INT32] && tensor->type != &TYPES[TYPE_INT64])
        stop(REJECTED, "%s: expected int32 or int64, got %s", tensor->name, tensor->type->name);
    if (tensor->count != channels)
        stop(REJECTED, "%s: expected %zu values, got %zu", tensor->name, channels, tensor->count);
    return tensor->values;
}

static const Tensor *weights_parameter(const Network *network, const Node *node, int axes, size_t channels)
{
    const Tensor *tensor = parameter(network, node, "weights", axes);
    if (tensor->type != &TYPES[TYPE_INT8])
        stop(REJECTED, "%s: expected int8, got %s", tensor->name, tensor->type->name);
    if (tensor->shape.sizes[axes - 2] != channels || tensor->shape.sizes[axes - 1] == 0)
        stop(REJECTED, "%s: does not fit an input of %zu channels", tensor->name, channels);
    return tensor;
}

static void require_axes(const Node *node, const Site *site, int axes)
{
    if (site->shape.axes != axes)
        stop(REJECTED, "%s: expected an input of %d axes, got %d", node->text->name, axes, site->shape.axes);
}

/* ---- intervals ---- */

typedef struct {
    int64_t low, high;
} Interval;

/* Over all channels. */
static Interval interval_of(const Site *site)
{
    Interval all = {site->low[0], site->high[0]};
    for (size_t channel = 1; channel < site->channels; channel++) {
        all.low = smaller(all.low, site->low[channel]);
        all.high = larger(all.high, site->high[channel]);
    }
    return all;
}

static bool is_spiking(const Site *site)
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

/* N2 */
static const Type *storage(int bits)
{
    return bits <= 32 ? &TYPES[TYPE_INT32] : &TYPES[TYPE_INT64];
}

static void set_interval(Site *site, size_t channel, int64_t low, int64_t high)
{
    site->low[channel] = low;
    site->high[channel] = high;
}

static void set_all_intervals(Site *site, int64_t low, int64_t high)
{
    for (size_t channel = 0; channel < site->channels; channel++)
        set_interval(site, channel, low, high);
}

static Site *add_output(Network *network, Node *node, const Type *type, const Shape *shape)
{
    return node->output = add_site(network, node->text->name, NULL, type, shape);
}

/* ---- neurons ---- */

static void read_lif(const Network *network, Node *node)
{
    Lif *lif = &node->as.lif;
    lif->channels = node->inputs[0]->channels;
    lif->thresholds = wide_parameter(network, node, "thresholds", lif->channels);
    for (size_t channel = 0; channel < lif->channels; channel++)
        if (lif->thresholds[channel] < 1)
            stop(REJECTED, "%s: the threshold of channel %zu is not positive", node->text->name, channel);
    lif->ternary = is_second(node, "spikes", "binary", "ternary");
    lif->subtract = is_second(node, "reset", "zero", "subtract");
    lif->exact = !is_second(node, "rounding", "exact", "floor");
    lif->halve_input = integer_setting(node, "halve_input", 1, 0, 1);
    lif->leak_shift = integer_setting(node, "leak_shift", 1, lif->halve_input && !lif->exact, 16);
}

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

void check_lif(Network *network, Node *node)
{
    read_lif(network, node);
    const Lif *lif = &node->as.lif;
    const Site *currents = node->inputs[0];
    int bits = bits_setting(node, "membrane_bits"), timesteps = network->golden->timesteps;
    uint64_t largest = peak_of(currents);
    for (size_t channel = 0; channel < lif->channels; channel++)
        largest = magnitude(lif->thresholds[channel]) > largest ? magnitude(lif->thresholds[channel]) : largest;
    int growth = lif->exact ? lif->leak_shift * (timesteps - 1) + 1 : 1;
    require_headroom(node, "membrane", shifted(product(largest, (uint64_t)timesteps), growth));
    Site *spikes = add_output(network, node, &TYPES[TYPE_INT8], &currents->shape);
    set_all_intervals(spikes, lif->ternary ? -1 : 0, 1);
    node->state = add_site(network, node->text->name, "membrane", storage(bits), &currents->shape);
    for (size_t channel = 0; channel < lif->channels; channel++) {
        Interval current = {currents->low[channel], currents->high[channel]};
        Interval charge = charge_interval(lif, timesteps, current, lif->thresholds[channel]);
        require_bits(node, "membrane", bits, charge);
        set_interval(node->state, channel, charge.low, charge.high);
    }
}

void check_relu(Network *network, Node *node)
{
    const Site *currents = node->inputs[0];
    node->as.relu.shift = integer_setting(node, "shift", 0, 0, 31);
    node->as.relu.cap = integer_setting(node, "cap", 127, 1, 127);
    Site *spikes = add_output(network, node, &TYPES[TYPE_INT8], &currents->shape);
    for (size_t channel = 0; channel < spikes->channels; channel++) {
        int64_t bounds[2] = {currents->low[channel], currents->high[channel]};
        relu(&node->as.relu, 2, bounds, bounds);
        set_interval(spikes, channel, bounds[0], bounds[1]);
    }
}

/* ---- gathers ---- */

/* Spikes gate the additions, or a non-negative input has bit planes enough (N6, N7). */
static void read_planes(const Node *node, Linear *map)
{
    Interval values = interval_of(node->inputs[0]);
    map->planes = integer_setting(node, "planes", 0, 0, 31);
    if (map->planes == 0 && !is_spiking(node->inputs[0]))
        stop(REJECTED, "%s: its input is no spikes, so it needs bit planes", node->text->name);
    if (map->planes > 0 && (values.low < 0 || values.high >> map->planes != 0))
        stop(REJECTED, "%s: %d bit planes cannot hold %" PRId64 " to %" PRId64, node->text->name, map->planes,
             values.low, values.high);
}

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

/* Prove the accumulator of a linear map, or of the taps of a convolution. */
static void check_gather(Network *network, Node *node, const Linear *map, size_t taps, const Shape *shape)
{
    const Site *values = node->inputs[0];
    int bits = bits_setting(node, "accumulator_bits");
    require_headroom(node, "accumulator", product(product(peak_of(values), product(128, taps)), map->channels));
    Site *sums = add_output(network, node, storage(bits), shape);
    for (size_t output = 0; output < map->outputs; output++) {
        int64_t bias = map->bias[output];
        require_headroom(node, "accumulator", magnitude(bias));
        Interval sum = gathered_interval(map, values, taps, output);
        Interval partial = {sum.low + bias, sum.high + bias};
        if (map->planes > 0) /* the bias comes last */
            partial = (Interval){smaller(partial.low, sum.low), larger(partial.high, sum.high)};
        require_bits(node, "accumulator", bits, partial);
        set_interval(sums, output, sum.low + bias, sum.high + bias);
    }
}

static void read_taps(const Network *network, const Node *node, Linear *map, const Tensor *weights)
{
    map->weights = weights->values;
    map->channels = weights->shape.sizes[weights->shape.axes - 2];
    map->outputs = weights->shape.sizes[weights->shape.axes - 1];
    map->bias = wide_parameter(network, node, "bias", map->outputs);
    read_planes(node, map);
}

void check_linear(Network *network, Node *node)
{
    Linear *map = &node->as.linear;
    Shape shape = node->inputs[0]->shape;
    read_taps(network, node, map, weights_parameter(network, node, 2, node->inputs[0]->channels));
    shape.sizes[shape.axes - 1] = map->outputs;
    check_gather(network, node, map, 1, &shape);
}

/* ---- windows ---- */

static Image image_of(const Node *node, const Site *site)
{
    require_axes(node, site, 3);
    Image image = {site->shape.sizes[0], site->shape.sizes[1], site->shape.sizes[2]};
    if (image.rows == 0 || image.columns == 0)
        stop(REJECTED, "%s: an image without places", node->text->name);
    return image;
}

static Shape image_shape(Image image)
{
    return (Shape){3, {image.rows, image.columns, image.channels}};
}

/* How many windows fit along one axis. */
static size_t windows_along(const Node *node, const Window *window, size_t size, size_t length)
{
    if (length + 2 * window->padding < size)
        stop(REJECTED, "%s: a window of %zu does not fit %zu places", node->text->name, size, length);
    return (length + 2 * window->padding - size) / window->stride + 1;
}

static Image read_window(const Node *node, Window *window, int stride, Image input, size_t channels)
{
    size_t shorter = window->rows < window->columns ? window->rows : window->columns;
    if (shorter == 0)
        stop(REJECTED, "%s: a window without places", node->text->name);
    window->stride = (size_t)integer_setting(node, "stride", stride, 1, 64);
    window->padding = (size_t)integer_setting(node, "padding", 1, 0, (int)shorter - 1);
    return (Image){windows_along(node, window, window->rows, input.rows),
                   windows_along(node, window, window->columns, input.columns), channels};
}

void check_convolution(Network *network, Node *node)
{
    Convolution *map = &node->as.convolution;
    map->input = image_of(node, node->inputs[0]);
    const Tensor *weights = weights_parameter(network, node, 4, map->input.channels);
    read_taps(network, node, &map->taps, weights);
    map->window.rows = weights->shape.sizes[0];
    map->window.columns = weights->shape.sizes[1];
    map->output = read_window(node, &map->window, 1, map->input, map->taps.outputs);
    Shape shape = image_shape(map->output);
    check_gather(network, node, &map->taps, map->window.rows * map->window.columns, &shape);
}

static void copy_intervals(Site *to, const Site *from)
{
    memcpy(to->low, from->low, from->channels * sizeof *from->low);
    memcpy(to->high, from->high, from->channels * sizeof *from->high);
}

void check_max_pool(Network *network, Node *node)
{
    MaxPool *pool = &node->as.max_pool;
    pool->input = image_of(node, node->inputs[0]);
    pool->window.rows = pool->window.columns = (size_t)integer_setting(node, "window", 3, 1, 64);
    pool->output = read_window(node, &pool->window, 2, pool->input, pool->input.channels);
    Shape shape = image_shape(pool->output);
    copy_intervals(add_output(network, node, node->inputs[0]->type, &shape), node->inputs[0]);
}

/* ---- attention ---- */

/* Prove a sum of products of which any may be absent; one operand must gate, or the product would multiply. */
static void check_products(Network *network, Node *node, const Shape *shape, size_t terms)
{
    const Site *first = node->inputs[0], *second = node->inputs[1];
    int bits = bits_setting(node, "accumulator_bits");
    if (!is_spiking(node->as.attention.first_gates ? first : second))
        stop(REJECTED, "%s: the gating operand is not -1, 0 or 1", node->text->name);
    require_headroom(node, "accumulator", product(product(peak_of(first), peak_of(second)), terms));
    Interval a = interval_of(first), b = interval_of(second), sum = {0, 0};
    int64_t corners[4] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
    for (int corner = 0; corner < 4; corner++)
        sum = (Interval){smaller(sum.low, corners[corner]), larger(sum.high, corners[corner])};
    sum = (Interval){sum.low * (int64_t)terms, sum.high * (int64_t)terms};
    require_bits(node, "accumulator", bits, sum);
    set_all_intervals(add_output(network, node, storage(bits), shape), sum.low, sum.high);
}

static void read_heads(Node *node, const Site *tokens, size_t heads)
{
    Attention *attention = &node->as.attention;
    require_axes(node, tokens, 2);
    if (heads < 1 || heads > 1024 || tokens->channels % heads != 0)
        stop(REJECTED, "%s: %zu channels do not split into %zu heads", node->text->name, tokens->channels, heads);
    attention->heads = heads;
    attention->tokens = tokens->shape.sizes[0];
    attention->width = tokens->channels / heads;
    if (attention->tokens == 0)
        stop(REJECTED, "%s: attention without tokens", node->text->name);
}

void check_scores(Network *network, Node *node)
{
    Attention *attention = &node->as.attention;
    const Site *query = node->inputs[0], *key = node->inputs[1];
    read_heads(node, query, (size_t)integer_setting(node, "heads", 0, 1, 1024));
    require_axes(node, key, 2);
    if (key->shape.sizes[0] != attention->tokens || key->channels != query->channels)
        stop(REJECTED, "%s: queries and keys differ in shape", node->text->name);
    attention->first_gates = !is_second(node, "gate", "q", "k");
    Shape shape = {3, {attention->heads, attention->tokens, attention->tokens}};
    check_products(network, node, &shape, attention->width);
}

void check_context(Network *network, Node *node)
{
    Attention *attention = &node->as.attention;
    const Site *map = node->inputs[0], *value = node->inputs[1];
    require_axes(node, map, 3);
    read_heads(node, value, map->shape.sizes[0]);
    if (map->shape.sizes[1] != attention->tokens || map->shape.sizes[2] != attention->tokens)
        stop(REJECTED, "%s: the map does not fit %zu tokens", node->text->name, attention->tokens);
    attention->first_gates = is_second(node, "gate", "v", "map");
    check_products(network, node, &value->shape, attention->tokens);
}

/* ---- the rest ---- */

static bool same_shape(const Shape *a, const Shape *b)
{
    return a->axes == b->axes && memcmp(a->sizes, b->sizes, (size_t)a->axes * sizeof *a->sizes) == 0;
}

void check_residual(Network *network, Node *node)
{
    Residual *shifts = &node->as.residual;
    const Site *stream = node->inputs[0], *branch = node->inputs[1];
    int bits = bits_setting(node, "accumulator_bits");
    shifts->stream_shift = integer_setting(node, "stream_shift", 0, 0, 31);
    shifts->branch_shift = integer_setting(node, "branch_shift", 0, 0, 31);
    if (!same_shape(&stream->shape, &branch->shape))
        stop(REJECTED, "%s: stream and branch differ in shape", node->text->name);
    uint64_t peak = peak_of(stream) > peak_of(branch) ? peak_of(stream) : peak_of(branch);
    int shift = shifts->stream_shift > shifts->branch_shift ? shifts->stream_shift : shifts->branch_shift;
    require_headroom(node, "accumulator", shifted(peak, shift + 1));
    Site *sums = add_output(network, node, storage(bits), &stream->shape);
    residual(shifts, sums->channels, stream->low, branch->low, sums->low);
    residual(shifts, sums->channels, stream->high, branch->high, sums->high);
    require_bits(node, "accumulator", bits, interval_of(sums));
}

void check_tokens(Network *network, Node *node)
{
    const Site *values = node->inputs[0];
    require_axes(node, values, 3);
    Shape shape = {2, {checked_product(values->shape.sizes[0], values->shape.sizes[1]), values->channels}};
    copy_intervals(add_output(network, node, values->type, &shape), values);
}

/* A sum of equally bounded terms. */
static void check_sum(Node *node, Site *sums, int bits, uint64_t terms, bool from_zero)
{
    const Site *values = node->inputs[0];
    require_headroom(node, "accumulator", product(peak_of(values), terms));
    for (size_t channel = 0; channel < values->channels; channel++) {
        int64_t low = from_zero ? smaller(values->low[channel], 0) : values->low[channel];
        int64_t high = from_zero ? larger(values->high[channel], 0) : values->high[channel];
        set_interval(sums, channel, low * (int64_t)terms, high * (int64_t)terms);
    }
    require_bits(node, "accumulator", bits, interval_of(sums));
}

void check_token_sum(Network *network, Node *node)
{
    const Site *spikes = node->inputs[0];
    int bits = bits_setting(node, "accumulator_bits");
    require_axes(node, spikes, 2);
    if (!is_spiking(spikes))
        stop(REJECTED, "%s: its input is not -1, 0 or 1", node->text->name);
    Shape shape = {2, {1, spikes->channels}};
    check_sum(node, add_output(network, node, storage(bits), &shape), bits, spikes->shape.sizes[0], false);
}

void check_time_sum(Network *network, Node *node)
{
    int bits = bits_setting(node, "accumulator_bits");
    const Shape *shape = &node->inputs[0]->shape;
    Site *totals = add_output(network, node, storage(bits), shape);
    check_sum(node, totals, bits, (uint64_t)network->golden->timesteps, true);
    node->state = add_site(network, node->text->name, "total", storage(bits), shape);
    copy_intervals(node->state, totals);
}

void check_argmax(Network *network, Node *node)
{
    const Site *logits = node->inputs[0];
    require_axes(node, logits, 2);
    Shape shape = {2, {logits->shape.sizes[0], 1}};
    set_all_intervals(add_output(network, node, &TYPES[TYPE_INT32], &shape), 0, (int64_t)logits->channels - 1);
}
