#include "network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"

/* ---- one timestep of each operator ---- */

static size_t rows_of(const Site *site)
{
    return site->count / site->channels;
}

static void copy_values(Site *to, const Site *from)
{
    memcpy(to->values, from->values, to->count * sizeof *to->values);
}

static void step_lif(const Node *node, int timestep)
{
    const Lif *lif = &node->as.lif;
    const int64_t *currents = node->inputs[0]->values;
    size_t rows = rows_of(node->output);
    if (lif->exact)
        lif_exact(lif, timestep, rows, currents, node->state->values, node->output->values);
    else
        lif_floor(lif, rows, currents, node->state->values, node->output->values);
}

static void step_relu(const Node *node, int timestep)
{
    (void)timestep;
    relu(&node->as.relu, node->output->count, node->inputs[0]->values, node->output->values);
}

static void step_linear(const Node *node, int timestep)
{
    (void)timestep;
    linear(&node->as.linear, rows_of(node->output), node->inputs[0]->values, node->output->values);
}

static void step_convolution(const Node *node, int timestep)
{
    (void)timestep;
    convolution(&node->as.convolution, node->inputs[0]->values, node->output->values);
}

static void step_max_pool(const Node *node, int timestep)
{
    (void)timestep;
    max_pool(&node->as.max_pool, node->inputs[0]->values, node->output->values);
}

static void step_tap_bias(const Node *node, int timestep)
{
    (void)timestep;
    tap_bias(&node->as.tap_bias, node->inputs[0]->values, node->output->values);
}

static void step_scores(const Node *node, int timestep)
{
    (void)timestep;
    scores(&node->as.attention, node->inputs[0]->values, node->inputs[1]->values, node->output->values);
}

static void step_context(const Node *node, int timestep)
{
    (void)timestep;
    context(&node->as.attention, node->inputs[0]->values, node->inputs[1]->values, node->output->values);
}

static void step_key_value(const Node *node, int timestep)
{
    (void)timestep;
    key_value(&node->as.attention, node->inputs[0]->values, node->inputs[1]->values, node->output->values);
}

static void step_retrieval(const Node *node, int timestep)
{
    (void)timestep;
    retrieval(&node->as.attention, node->inputs[0]->values, node->inputs[1]->values, node->output->values);
}

static void step_mask(const Node *node, int timestep)
{
    (void)timestep;
    mask(&node->as.mask, node->inputs[0]->values, node->inputs[1]->values, node->output->values);
}

static void step_residual(const Node *node, int timestep)
{
    (void)timestep;
    residual(&node->as.residual, node->output->count, node->inputs[0]->values, node->inputs[1]->values,
             node->output->values);
}

/* N5: token y X + x is the place in row y and column x, which is how an image lies in memory. */
static void step_tokens(const Node *node, int timestep)
{
    (void)timestep;
    copy_values(node->output, node->inputs[0]);
}

/* N5: the way back. */
static void step_grid(const Node *node, int timestep)
{
    const Site *tokens = node->inputs[0];
    (void)timestep;
    copy_values(node->output, tokens);
}

static void step_token_sum(const Node *node, int timestep)
{
    (void)timestep;
    token_sum(rows_of(node->inputs[0]), node->inputs[0]->channels, node->inputs[0]->values, node->output->values);
}

static void step_time_sum(const Node *node, int timestep)
{
    (void)timestep;
    time_sum(node->output->count, node->inputs[0]->values, node->state->values);
    copy_values(node->output, node->state);
}

static void step_argmax(const Node *node, int timestep)
{
    (void)timestep;
    argmax(rows_of(node->inputs[0]), node->inputs[0]->channels, node->inputs[0]->values, node->output->values);
}

const Operator OPERATORS[] = {
    {"LIF", 1, check_lif, step_lif},
    {"ReLU", 1, check_relu, step_relu},
    {"Linear", 1, check_linear, step_linear},
    {"Convolution", 1, check_convolution, step_convolution},
    {"MaxPool", 1, check_max_pool, step_max_pool},
    {"TapBias", 1, check_tap_bias, step_tap_bias},
    {"Scores", 2, check_scores, step_scores},
    {"Context", 2, check_context, step_context},
    {"KeyValue", 2, check_key_value, step_key_value},
    {"Retrieval", 2, check_retrieval, step_retrieval},
    {"Mask", 2, check_mask, step_mask},
    {"Residual", 2, check_residual, step_residual},
    {"Tokens", 1, check_tokens, step_tokens},
    {"Grid", 1, check_grid, step_grid},
    {"TokenSum", 1, check_token_sum, step_token_sum},
    {"TimeSum", 1, check_time_sum, step_time_sum},
    {"Argmax", 1, check_argmax, step_argmax},
    {NULL, 0, NULL, NULL},
};

/* ---- binding ---- */

Site *find_site(const Network *network, const char *name)
{
    for (Site *site = network->sites; site != NULL; site = site->next)
        if (strcmp(site->record.name, name) == 0)
            return site;
    return NULL;
}

static Site *new_site(Network *network, const char *name, const Type *type, const Shape *shape)
{
    Site *site = allocate(1, sizeof *site), **end = &network->sites;
    if (find_site(network, name) != NULL)
        stop(REJECTED, "%s: two sites have this name", name);
    if (shape->axes == 0 || shape->sizes[shape->axes - 1] == 0)
        stop(REJECTED, "%s: without channels", name);
    snprintf(site->record.name, NAME_SIZE, "%s", name);
    site->type = type;
    site->shape = *shape;
    site->count = shape_count(shape);
    site->channels = shape->sizes[shape->axes - 1];
    site->low = allocate(site->channels, sizeof *site->low);
    site->high = allocate(site->channels, sizeof *site->high);
    while (*end != NULL)
        end = &(*end)->next;
    *end = site;
    return site;
}

/* The axes of samples, where there are several, and of time come before those of one timestep. */
static void prepare_record(const Case *golden, Site *site)
{
    Tensor *record = &site->record;
    int leading = 0;
    record->type = site->type;
    if (golden->samples > 1)
        record->shape.sizes[leading++] = golden->samples;
    record->shape.sizes[leading++] = (size_t)golden->timesteps;
    if (site->shape.axes + leading > MOST_AXES)
        stop(UNSUPPORTED, "%s: more axes than this program takes", record->name);
    memcpy(record->shape.sizes + leading, site->shape.sizes, (size_t)site->shape.axes * sizeof *site->shape.sizes);
    record->shape.axes = site->shape.axes + leading;
    record->count = shape_count(&record->shape);
    record->values = allocate(record->count, sizeof *record->values);
}

Site *add_site(Network *network, const char *name, const char *register_name, const Type *type, const Shape *shape)
{
    char full[2 * NAME_SIZE];
    snprintf(full, sizeof full, "%s%s%s", name, register_name ? "." : "", register_name ? register_name : "");
    if (strlen(full) >= NAME_SIZE)
        stop(UNSUPPORTED, "%s: a name longer than this program takes", full);
    Site *site = new_site(network, full, type, shape);
    site->values = allocate(site->count, sizeof *site->values);
    prepare_record(network->golden, site);
    return site;
}

/* An input as a site of one timestep. */
static void add_input(Network *network, const CaseInput *input)
{
    const Tensor *tensor = input->tensor;
    size_t expected[2];
    int leading = 0;
    if (network->golden->samples > 1)
        expected[leading++] = network->golden->samples;
    if (!input->is_static)
        expected[leading++] = (size_t)network->golden->timesteps;
    if (tensor->shape.axes <= leading || memcmp(tensor->shape.sizes, expected, (size_t)leading * sizeof *expected) != 0)
        stop(REJECTED, "%s: its first axes are not those of samples and time", input->name);
    Shape shape = {tensor->shape.axes - leading, {0}};
    memcpy(shape.sizes, tensor->shape.sizes + leading, (size_t)shape.axes * sizeof *shape.sizes);
    Site *site = new_site(network, input->name, tensor->type, &shape);
    site->input = input;
    site->is_static = input->is_static;
    for (size_t channel = 0; channel < site->channels; channel++) {
        site->low[channel] = input->low;
        site->high[channel] = input->high;
    }
}

static void require_known_settings(const CaseNode *text)
{
    for (const Setting *setting = text->settings; setting != NULL; setting = setting->next)
        if (!setting->used)
            stop(REJECTED, "%s.%s: no such setting, or given twice", text->name, setting->name);
}

static Node *bind_node(Network *network, const CaseNode *text)
{
    Node *node = allocate(1, sizeof *node);
    node->text = text;
    for (node->operation = OPERATORS; node->operation->name != NULL; node->operation++)
        if (strcmp(node->operation->name, text->operation) == 0)
            break;
    if (node->operation->name == NULL)
        stop(REJECTED, "%s: no such operator in these numerics: %s", text->name, text->operation);
    if (text->input_count != node->operation->input_count)
        stop(REJECTED, "%s: %s does not take %d inputs", text->name, text->operation, text->input_count);
    bool is_static = true;
    for (int i = 0; i < text->input_count; i++) {
        node->inputs[i] = find_site(network, text->inputs[i]);
        if (node->inputs[i] == NULL)
            stop(REJECTED, "%s: reads %s, which no earlier node gives", text->name, text->inputs[i]);
        is_static = is_static && node->inputs[i]->is_static;
    }
    node->operation->check(network, node);
    require_known_settings(text);
    node->output->is_static = is_static && node->state == NULL;
    return node;
}

Network *build_network(const Case *golden)
{
    Network *network = allocate(1, sizeof *network);
    network->golden = golden;
    for (const CaseInput *input = golden->inputs; input != NULL; input = input->next)
        add_input(network, input);
    Node **end = &network->nodes;
    for (const CaseNode *text = golden->nodes; text != NULL; text = text->next) {
        *end = bind_node(network, text);
        end = &(*end)->next;
    }
    return network;
}

/* ---- running ---- */

static void require_ranges(const Network *network)
{
    for (const Site *site = network->sites; site != NULL; site = site->next)
        for (size_t i = 0; site->input != NULL && i < site->input->tensor->count; i++) {
            int64_t value = site->input->tensor->values[i];
            if (value < site->input->low || value > site->input->high)
                stop(REJECTED, "%s: %" PRId64 " is outside its range", site->input->name, value);
        }
}

static size_t frame_of(const Network *network, const Site *site, size_t sample, int timestep)
{
    size_t frames = site->input != NULL && site->is_static ? 1 : (size_t)network->golden->timesteps;
    return (sample * frames + (frames == 1 ? 0 : (size_t)timestep)) * site->count;
}

/* N4: all registers are 0 before timestep 0. */
static void clear_registers(const Network *network)
{
    for (const Node *node = network->nodes; node != NULL; node = node->next)
        if (node->state != NULL)
            memset(node->state->values, 0, node->state->count * sizeof *node->state->values);
}

static void run_timestep(const Network *network, size_t sample, int timestep)
{
    for (Site *site = network->sites; site != NULL; site = site->next)
        if (site->input != NULL)
            site->values = site->input->tensor->values + frame_of(network, site, sample, timestep);
    for (const Node *node = network->nodes; node != NULL; node = node->next)
        if (timestep == 0 || !node->output->is_static)
            node->operation->step(node, timestep);
    for (Site *site = network->sites; site != NULL; site = site->next)
        if (site->input == NULL)
            memcpy(site->record.values + frame_of(network, site, sample, timestep), site->values,
                   site->count * sizeof *site->values);
}

void run_network(const Network *network)
{
    require_ranges(network);
    for (size_t sample = 0; sample < network->golden->samples; sample++) {
        clear_registers(network);
        for (int timestep = 0; timestep < network->golden->timesteps; timestep++)
            run_timestep(network, sample, timestep);
    }
}
