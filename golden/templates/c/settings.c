#include "settings.h"

#include <stdio.h>
#include <string.h>

static const char *setting(const Node *node, const char *name)
{
    for (Setting *each = node->text->settings; each != NULL; each = each->next)
        if (strcmp(each->name, name) == 0 && !each->used) {
            each->used = true;
            return each->value;
        }
    return NULL;
}

int integer_setting(const Node *node, const char *name, int otherwise, int low, int high)
{
    char what[2 * NAME_SIZE + 2];
    const char *value = setting(node, name);
    snprintf(what, sizeof what, "%s.%s", node->text->name, name);
    return value == NULL ? otherwise : (int)parse_integer(value, low, high, what);
}

int required_setting(const Node *node, const char *name, int low, int high)
{
    int value = integer_setting(node, name, low - 1, low, high);
    if (value < low)
        stop(REJECTED, "%s.%s: missing", node->text->name, name);
    return value;
}

bool is_second(const Node *node, const char *name, const char *first, const char *second)
{
    const char *value = setting(node, name);
    if (value == NULL || strcmp(value, first) == 0)
        return false;
    if (strcmp(value, second) != 0)
        stop(REJECTED, "%s.%s: expected %s or %s, got %s", node->text->name, name, first, second, value);
    return true;
}

int bits_setting(const Node *node, const char *name)
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

static const Tensor *wide_tensor(const Network *network, const Node *node, const char *field, int axes)
{
    const Tensor *tensor = parameter(network, node, field, axes);
    if (tensor->type != &TYPES[TYPE_INT32] && tensor->type != &TYPES[TYPE_INT64])
        stop(REJECTED, "%s: expected int32 or int64, got %s", tensor->name, tensor->type->name);
    return tensor;
}

const int64_t *wide_parameter(const Network *network, const Node *node, const char *field, size_t channels)
{
    const Tensor *tensor = wide_tensor(network, node, field, 1);
    if (tensor->count != channels)
        stop(REJECTED, "%s: expected %zu values, got %zu", tensor->name, channels, tensor->count);
    return tensor->values;
}

const Tensor *tap_biases(const Network *network, const Node *node, size_t channels)
{
    const Tensor *tensor = wide_tensor(network, node, "bias", 3);
    if (tensor->shape.sizes[2] != channels)
        stop(REJECTED, "%s: does not fit sums of %zu channels", tensor->name, channels);
    return tensor;
}

const Tensor *weights_parameter(const Network *network, const Node *node, int axes, size_t channels)
{
    const Tensor *tensor = parameter(network, node, "weights", axes);
    if (tensor->type != &TYPES[TYPE_INT8] && tensor->type != &TYPES[TYPE_INT16])
        stop(REJECTED, "%s: expected int8 or int16, got %s", tensor->name, tensor->type->name);
    if (tensor->shape.sizes[axes - 2] != channels || tensor->shape.sizes[axes - 1] == 0)
        stop(REJECTED, "%s: does not fit an input of %zu channels", tensor->name, channels);
    return tensor;
}
