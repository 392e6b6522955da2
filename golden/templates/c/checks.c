#include "checks.h"

#include <inttypes.h>
#include <string.h>

#include "ranges.h"
#include "settings.h"

static bool same_shape(const Shape *a, const Shape *b)
{
    return a->axes == b->axes && memcmp(a->sizes, b->sizes, (size_t)a->axes * sizeof *a->sizes) == 0;
}

static void require_axes(const Node *node, const Site *site, int axes)
{
    if (site->shape.axes != axes)
        stop(REJECTED, "%s: expected an input of %d axes, got %d", node->text->name, axes, site->shape.axes);
}

/* ---- sites ---- */

/* N2 */
static const Type *storage(int bits)
{
    return bits <= 32 ? &TYPES[TYPE_INT32] : &TYPES[TYPE_INT64];
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

void check_lif(Network *network, Node *node)
{
    const Shape *shape = &node->inputs[0]->shape;
    int bits = bits_setting(node, "membrane_bits");
    read_lif(network, node);
    add_output(network, node, &TYPES[TYPE_INT8], shape);
    set_all_intervals(node->output, node->as.lif.ternary ? -1 : 0, 1);
    node->state = add_site(network, node->text->name, "membrane", storage(bits), shape);
    prove_membrane(node, bits, network->golden->timesteps);
}

void check_relu(Network *network, Node *node)
{
    node->as.relu.shift = integer_setting(node, "shift", 0, 0, 31);
    node->as.relu.cap = integer_setting(node, "cap", 127, 1, 127);
    add_output(network, node, &TYPES[TYPE_INT8], &node->inputs[0]->shape);
    carry_relu(node);
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

static void read_taps(const Network *network, const Node *node, Linear *map, const Tensor *weights)
{
    map->weights = weights->values;
    map->largest_weight = weights->type == &TYPES[TYPE_INT8] ? 128 : 32768;
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
    int bits = bits_setting(node, "accumulator_bits");
    add_output(network, node, storage(bits), &shape);
    prove_gather(node, map, 1, bits);
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
    int bits = bits_setting(node, "accumulator_bits");
    add_output(network, node, storage(bits), &shape);
    prove_gather(node, &map->taps, map->window.rows * map->window.columns, bits);
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

void check_tap_bias(Network *network, Node *node)
{
    TapBias *taps = &node->as.tap_bias;
    Image sums = image_of(node, node->inputs[0]);
    const Tensor *biases = tap_biases(network, node, sums.channels);
    taps->biases = biases->values;
    taps->window.rows = biases->shape.sizes[0];
    taps->window.columns = biases->shape.sizes[1];
    taps->input.rows = (size_t)required_setting(node, "image_rows", 1, 4096);
    taps->input.columns = (size_t)required_setting(node, "image_columns", 1, 4096);
    taps->output = read_window(node, &taps->window, 1, taps->input, sums.channels);
    if (taps->output.rows != sums.rows || taps->output.columns != sums.columns)
        stop(REJECTED, "%s: expected sums at %zu x %zu places", node->text->name, taps->output.rows,
             taps->output.columns);
    Shape shape = image_shape(sums);
    int bits = bits_setting(node, "accumulator_bits");
    add_output(network, node, storage(bits), &shape);
    prove_taps(node, bits);
}

/* ---- attention ---- */

/* One operand must gate, or the product would multiply. */
static void add_products(Network *network, Node *node, const Shape *shape, size_t terms)
{
    int bits = bits_setting(node, "accumulator_bits");
    if (!is_spiking(node->inputs[node->as.attention.first_gates ? 0 : 1]))
        stop(REJECTED, "%s: the gating operand is not -1, 0 or 1", node->text->name);
    add_output(network, node, storage(bits), shape);
    prove_products(node, terms, bits);
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
    add_products(network, node, &shape, attention->width);
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
    add_products(network, node, &value->shape, attention->tokens);
}

void check_key_value(Network *network, Node *node)
{
    Attention *attention = &node->as.attention;
    const Site *key = node->inputs[0], *value = node->inputs[1];
    read_heads(node, key, (size_t)integer_setting(node, "heads", 0, 1, 1024));
    if (!same_shape(&key->shape, &value->shape))
        stop(REJECTED, "%s: K and V differ in shape", node->text->name);
    attention->first_gates = !is_second(node, "gate", "k", "v");
    Shape shape = {3, {attention->heads, attention->width, attention->width}};
    add_products(network, node, &shape, attention->tokens);
}

void check_retrieval(Network *network, Node *node)
{
    Attention *attention = &node->as.attention;
    const Site *query = node->inputs[0], *key_value = node->inputs[1];
    require_axes(node, key_value, 3);
    read_heads(node, query, key_value->shape.sizes[0]);
    if (key_value->shape.sizes[1] != attention->width || key_value->shape.sizes[2] != attention->width)
        stop(REJECTED, "%s: K^T V does not fit a Q of %zu channels", node->text->name, query->channels);
    attention->first_gates = true;
    add_products(network, node, &query->shape, attention->width);
}

void check_mask(Network *network, Node *node)
{
    Mask *mask = &node->as.mask;
    const Site *spikes = node->inputs[0], *gates = node->inputs[1];
    Interval values = interval_of(gates);
    require_axes(node, spikes, 2);
    require_axes(node, gates, 2);
    mask->tokens = spikes->shape.sizes[0];
    mask->channels = spikes->channels;
    mask->one_row = gates->shape.sizes[0] == 1;
    if (!is_spiking(spikes))
        stop(REJECTED, "%s: masks what is not -1, 0 or 1", node->text->name);
    if (gates->channels != spikes->channels || (!mask->one_row && gates->shape.sizes[0] != mask->tokens))
        stop(REJECTED, "%s: the mask does not fit %zu tokens of %zu channels", node->text->name, mask->tokens,
             mask->channels);
    if (values.low < 0 || values.high > 1)
        stop(REJECTED, "%s: the mask is not 0 or 1", node->text->name);
    carry_spikes(add_output(network, node, &TYPES[TYPE_INT8], &spikes->shape), spikes);
}

/* ---- the rest ---- */

void check_residual(Network *network, Node *node)
{
    const Shape *stream = &node->inputs[0]->shape, *branch = &node->inputs[1]->shape;
    int bits = bits_setting(node, "accumulator_bits");
    node->as.residual.stream_shift = integer_setting(node, "stream_shift", 0, 0, 31);
    node->as.residual.branch_shift = integer_setting(node, "branch_shift", 0, 0, 31);
    if (!same_shape(stream, branch))
        stop(REJECTED, "%s: stream and branch differ in shape", node->text->name);
    add_output(network, node, storage(bits), stream);
    prove_residual(node, bits);
}

void check_tokens(Network *network, Node *node)
{
    const Site *values = node->inputs[0];
    require_axes(node, values, 3);
    Shape shape = {2, {checked_product(values->shape.sizes[0], values->shape.sizes[1]), values->channels}};
    copy_intervals(add_output(network, node, values->type, &shape), values);
}

void check_grid(Network *network, Node *node)
{
    const Site *tokens = node->inputs[0];
    size_t rows = (size_t)required_setting(node, "rows", 1, 4096);
    size_t columns = (size_t)required_setting(node, "columns", 1, 4096);
    require_axes(node, tokens, 2);
    if (rows * columns != tokens->shape.sizes[0])
        stop(REJECTED, "%s: %zu x %zu places do not hold %zu tokens", node->text->name, rows, columns,
             tokens->shape.sizes[0]);
    Shape shape = {3, {rows, columns, tokens->channels}};
    copy_intervals(add_output(network, node, tokens->type, &shape), tokens);
}

void check_token_sum(Network *network, Node *node)
{
    const Site *values = node->inputs[0];
    int bits = bits_setting(node, "accumulator_bits");
    require_axes(node, values, 2);
    Shape shape = {2, {1, values->channels}};
    add_output(network, node, storage(bits), &shape);
    prove_sum(node, values->shape.sizes[0], false, bits);
}

void check_time_sum(Network *network, Node *node)
{
    const Shape *shape = &node->inputs[0]->shape;
    int bits = bits_setting(node, "accumulator_bits");
    add_output(network, node, storage(bits), shape);
    prove_sum(node, (uint64_t)network->golden->timesteps, true, bits);
    node->state = add_site(network, node->text->name, "total", storage(bits), shape);
    copy_intervals(node->state, node->output);
}

void check_argmax(Network *network, Node *node)
{
    const Site *logits = node->inputs[0];
    require_axes(node, logits, 2);
    Shape shape = {2, {logits->shape.sizes[0], 1}};
    set_all_intervals(add_output(network, node, &TYPES[TYPE_INT32], &shape), 0, (int64_t)logits->channels - 1);
}
