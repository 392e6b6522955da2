#include "refsim_case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refsim_files.h"

const Type TYPES[TYPE_COUNT] = {
    [TYPE_INT8] = {"|i1", 1, INT8_MIN, INT8_MAX},    [TYPE_UINT8] = {"|u1", 1, 0, UINT8_MAX},
    [TYPE_INT16] = {"<i2", 2, INT16_MIN, INT16_MAX}, [TYPE_INT32] = {"<i4", 4, INT32_MIN, INT32_MAX},
    [TYPE_INT64] = {"<i8", 8, INT64_MIN, INT64_MAX},
};

/* Append an entry to a linked list, given the address of its first pointer. */
#define APPEND(list, entry)                                                                                            \
    do {                                                                                                               \
        while (*(list) != NULL)                                                                                        \
            (list) = &(*(list))->next;                                                                                 \
        *(list) = (entry);                                                                                             \
    } while (0)

/* ---- words ---- */

typedef struct {
    const char *next, *end;
    int line;
} Reader;

static bool at_line_end(Reader *reader)
{
    while (reader->next < reader->end && (*reader->next == ' ' || *reader->next == '\r'))
        reader->next++;
    return reader->next == reader->end || *reader->next == '\n';
}

static void read_word(Reader *reader, char word[NAME_SIZE])
{
    size_t length = 0;
    if (at_line_end(reader))
        stop(REJECTED, "case.txt:%d: the line is too short", reader->line);
    while (reader->next < reader->end && *reader->next > ' ' && *reader->next <= '~') {
        if (length == NAME_SIZE - 1)
            stop(REJECTED, "case.txt:%d: a word is too long", reader->line);
        word[length++] = *reader->next++;
    }
    if (length == 0 || (reader->next < reader->end && *reader->next != ' ' && *reader->next != '\n' &&
                        *reader->next != '\r'))
        stop(REJECTED, "case.txt:%d: a byte that is no printable ASCII", reader->line);
    word[length] = '\0';
}

static void skip_line(Reader *reader)
{
    while (reader->next < reader->end && *reader->next != '\n')
        reader->next++;
    if (reader->next == reader->end)
        stop(REJECTED, "case.txt:%d: the text ends before its end line", reader->line);
    reader->next++;
    reader->line++;
}

static void end_line(Reader *reader)
{
    if (!at_line_end(reader))
        stop(REJECTED, "case.txt:%d: the line is too long", reader->line);
    skip_line(reader);
}

static bool to_integer(const char *word, int64_t low, int64_t high, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(word, &end, 10);
    return errno == 0 && end != word && *end == '\0' && low <= *value && *value <= high;
}

int64_t parse_integer(const char *word, int64_t low, int64_t high, const char *what)
{
    int64_t value;
    if (!to_integer(word, low, high, &value))
        stop(REJECTED, "%s: expected an integer from %" PRId64 " to %" PRId64 ", got %s", what, low, high, word);
    return value;
}

static int64_t read_integer(Reader *reader, int64_t low, int64_t high)
{
    int64_t value;
    char word[NAME_SIZE];
    read_word(reader, word);
    if (!to_integer(word, low, high, &value))
        stop(REJECTED, "case.txt:%d: expected an integer from %" PRId64 " to %" PRId64 ", got %s", reader->line, low,
             high, word);
    return value;
}

/* Names become file names: letters, digits, dots, dashes and underscores. */
static void read_name(Reader *reader, char name[NAME_SIZE])
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    read_word(reader, name);
    if (name[0] == '.' || name[strspn(name, allowed)] != '\0')
        stop(REJECTED, "case.txt:%d: %s is no name of a site", reader->line, name);
}

static void expect_word(Reader *reader, const char *expected)
{
    char word[NAME_SIZE];
    read_word(reader, word);
    if (strcmp(word, expected) != 0)
        stop(REJECTED, "case.txt:%d: expected %s, got %s", reader->line, expected, word);
}

/* ---- arrays ---- */

size_t shape_count(const Shape *shape)
{
    size_t count = 1;
    for (int axis = 0; axis < shape->axes; axis++)
        count = checked_product(count, shape->sizes[axis]);
    return count;
}

/* NAME TYPE AXES SIZES... */
static Tensor *read_form(Reader *reader)
{
    Tensor *tensor = allocate(1, sizeof *tensor);
    char word[NAME_SIZE];
    read_name(reader, tensor->name);
    read_word(reader, word);
    for (int type = 0; type < TYPE_COUNT; type++)
        if (strcmp(word, TYPES[type].name) == 0)
            tensor->type = &TYPES[type];
    if (tensor->type == NULL)
        stop(REJECTED, "case.txt:%d: %s is no type of integers", reader->line, word);
    tensor->shape.axes = (int)read_integer(reader, 0, MOST_AXES);
    for (int axis = 0; axis < tensor->shape.axes; axis++)
        tensor->shape.sizes[axis] = (size_t)read_integer(reader, 0, INT32_MAX);
    tensor->count = shape_count(&tensor->shape);
    return tensor;
}

static void read_values(Reader *reader, Tensor *tensor)
{
    if (tensor->count > (size_t)(reader->end - reader->next))
        stop(REJECTED, "case.txt:%d: %s announces more values than the text holds", reader->line, tensor->name);
    tensor->values = allocate(tensor->count, sizeof *tensor->values);
    for (size_t i = 0; i < tensor->count; i++) {
        while (at_line_end(reader))
            skip_line(reader);
        tensor->values[i] = read_integer(reader, tensor->type->low, tensor->type->high);
    }
    if (tensor->count > 0)
        end_line(reader);
}

/* ---- lines ---- */

static CaseInput *find_input(Case *golden, Reader *reader, const char *name)
{
    for (CaseInput *input = golden->inputs; input != NULL; input = input->next)
        if (strcmp(input->name, name) == 0)
            return input;
    stop(REJECTED, "case.txt:%d: %s has no range", reader->line, name);
}

static void read_range(Case *golden, Reader *reader)
{
    CaseInput *input = allocate(1, sizeof *input), **list = &golden->inputs;
    read_name(reader, input->name);
    for (const CaseInput *other = golden->inputs; other != NULL; other = other->next)
        if (strcmp(other->name, input->name) == 0)
            stop(REJECTED, "case.txt:%d: %s has two ranges", reader->line, input->name);
    input->low = read_integer(reader, INT64_MIN, INT64_MAX);
    input->high = read_integer(reader, input->low, INT64_MAX);
    APPEND(list, input);
    end_line(reader);
}

static void read_static(Case *golden, Reader *reader)
{
    char name[NAME_SIZE];
    read_name(reader, name);
    find_input(golden, reader, name)->is_static = true;
    end_line(reader);
}

static void read_node(Case *golden, Reader *reader)
{
    CaseNode *node = allocate(1, sizeof *node), **list = &golden->nodes;
    read_name(reader, node->name);
    read_word(reader, node->operation);
    node->input_count = (int)read_integer(reader, 0, MOST_INPUTS);
    for (int i = 0; i < node->input_count; i++)
        read_name(reader, node->inputs[i]);
    APPEND(list, node);
    end_line(reader);
}

static void read_setting(Case *golden, Reader *reader)
{
    char name[NAME_SIZE];
    Setting *setting = allocate(1, sizeof *setting);
    CaseNode *node = golden->nodes;
    read_name(reader, name);
    while (node != NULL && strcmp(node->name, name) != 0)
        node = node->next;
    if (node == NULL)
        stop(REJECTED, "case.txt:%d: a setting of %s, which is no node before it", reader->line, name);
    read_word(reader, setting->name);
    read_word(reader, setting->value);
    Setting **list = &node->settings;
    APPEND(list, setting);
    end_line(reader);
}

static void bind_tensor(Case *golden, Reader *reader, Tensor *tensor)
{
    CaseInput *input = find_input(golden, reader, tensor->name);
    if (input->tensor != NULL)
        stop(REJECTED, "case.txt:%d: %s is given twice", reader->line, tensor->name);
    input->tensor = tensor;
}

static void read_tensor(Case *golden, Reader *reader)
{
    char role[NAME_SIZE];
    read_word(reader, role);
    Tensor *tensor = read_form(reader);
    end_line(reader);
    if (strcmp(role, "input") == 0) {
        bind_tensor(golden, reader, tensor);
    } else if (strcmp(role, "param") == 0) {
        Tensor **list = &golden->parameters;
        APPEND(list, tensor);
    } else {
        stop(REJECTED, "case.txt:%d: a tensor is input or param, not %s", reader->line, role);
    }
    read_values(reader, tensor);
}

static void read_seed(Case *golden, Reader *reader)
{
    char word[NAME_SIZE], *end;
    read_word(reader, word);
    errno = 0;
    golden->seed = strtoull(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0')
        stop(REJECTED, "case.txt:%d: %s is no seed of 64 bits", reader->line, word);
    golden->is_digest = true;
    end_line(reader);
}

static void read_draw(Case *golden, Reader *reader)
{
    Draw *draw = allocate(1, sizeof *draw), **list = &golden->draws;
    Tensor *tensor = read_form(reader);
    bind_tensor(golden, reader, tensor);
    draw->input = find_input(golden, reader, tensor->name);
    draw->low = read_integer(reader, tensor->type->low, tensor->type->high);
    draw->high = read_integer(reader, draw->low, tensor->type->high);
    tensor->values = allocate(tensor->count, sizeof *tensor->values);
    APPEND(list, draw);
    end_line(reader);
}

static void read_over(Case *golden, Reader *reader)
{
    Name *entry = allocate(1, sizeof *entry), **list = &golden->hashed;
    read_name(reader, entry->name);
    APPEND(list, entry);
    end_line(reader);
}

/* Read one line, with the values that belong to it; return whether it was the last. */
static bool read_line(Case *golden, Reader *reader)
{
    char key[NAME_SIZE];
    read_word(reader, key);
    if (strcmp(key, "timesteps") == 0)
        golden->timesteps = (int)read_integer(reader, 1, MOST_TIMESTEPS), end_line(reader);
    else if (strcmp(key, "samples") == 0)
        golden->samples = (size_t)read_integer(reader, 1, INT32_MAX), end_line(reader);
    else if (strcmp(key, "node") == 0)
        read_node(golden, reader);
    else if (strcmp(key, "setting") == 0)
        read_setting(golden, reader);
    else if (strcmp(key, "range") == 0)
        read_range(golden, reader);
    else if (strcmp(key, "static") == 0)
        read_static(golden, reader);
    else if (strcmp(key, "tensor") == 0)
        read_tensor(golden, reader);
    else if (strcmp(key, "seed") == 0)
        read_seed(golden, reader);
    else if (strcmp(key, "chunks") == 0)
        golden->chunks = read_integer(reader, 1, INT32_MAX), end_line(reader);
    else if (strcmp(key, "draw") == 0)
        read_draw(golden, reader);
    else if (strcmp(key, "over") == 0)
        read_over(golden, reader);
    else if (strcmp(key, "op") == 0 || strcmp(key, "result") == 0 || strcmp(key, "profile") == 0 ||
             strcmp(key, "site") == 0)
        skip_line(reader); /* nodes and settings say it all; what a case expects is not ours to look at */
    else if (strcmp(key, "end") == 0)
        return true;
    else
        stop(REJECTED, "case.txt:%d: no such line: %s", reader->line, key);
    return false;
}

static Reader read_text(const char *directory)
{
    char path[PATH_SIZE];
    size_t size;
    if (snprintf(path, sizeof path, "%s/case.txt", directory) >= (int)sizeof path)
        stop(FAILED, "%s: the path is too long", directory);
    const char *text = read_whole(path, &size);
    return (Reader){text, text + size, 1};
}

/* A case states the lowest version that answers it; 1.1 answers what 1.0 does. */
static void read_numerics(Reader *reader)
{
    char word[NAME_SIZE];
    read_word(reader, word);
    if (strcmp(word, "refsim-numerics/1.0") != 0 && strcmp(word, "refsim-numerics/1.1") != 0)
        stop(UNSUPPORTED, "case.txt:%d: expected refsim-numerics/1.0 or 1.1, got %s", reader->line, word);
}

Case *read_case(const char *directory)
{
    Case *golden = allocate(1, sizeof *golden);
    Reader reader = read_text(directory);
    expect_word(&reader, "refsim-case/1");
    skip_line(&reader);
    expect_word(&reader, "numerics");
    read_numerics(&reader);
    end_line(&reader);
    while (!read_line(golden, &reader)) {
    }
    if (!at_line_end(&reader) || reader.end - reader.next > 1)
        stop(REJECTED, "case.txt:%d: text after the end line", reader.line);
    if (golden->timesteps == 0 || golden->samples == 0 || golden->nodes == NULL)
        stop(REJECTED, "case.txt: timesteps, samples or nodes are missing");
    if (golden->is_digest && (golden->chunks == 0 || golden->draws == NULL || golden->hashed == NULL))
        stop(REJECTED, "case.txt: a digest needs chunks, draws and sites to run over");
    for (const CaseInput *input = golden->inputs; input != NULL; input = input->next)
        if (input->tensor == NULL)
            stop(REJECTED, "case.txt: %s has a range but no values", input->name);
    return golden;
}
