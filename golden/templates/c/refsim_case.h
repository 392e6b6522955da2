/* A golden case, read from its text face. The face is described in refsim/golden/faces/text.py. */
#ifndef REFSIM_CASE_H
#define REFSIM_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refsim_support.h"

enum { NAME_SIZE = 128, PATH_SIZE = 4200, MOST_AXES = 8, MOST_INPUTS = 2, MOST_TIMESTEPS = 1024 };

typedef struct {
    const char *name; /* as in a .npy header */
    int bytes;
    int64_t low, high;
} Type;

enum { TYPE_INT8, TYPE_UINT8, TYPE_INT16, TYPE_INT32, TYPE_INT64, TYPE_COUNT };
extern const Type TYPES[TYPE_COUNT];

typedef struct {
    int axes;
    size_t sizes[MOST_AXES];
} Shape;

/* An array of integers, channels last, C order. Whatever its type in files, in memory a value is an int64_t. */
typedef struct Tensor {
    struct Tensor *next;
    char name[NAME_SIZE];
    const Type *type;
    Shape shape;
    size_t count;
    int64_t *values; /* NULL where not given: to be drawn */
} Tensor;

typedef struct CaseInput {
    struct CaseInput *next;
    char name[NAME_SIZE];
    int64_t low, high; /* what its values may be; registers are proved for these */
    bool is_static;    /* the same at every timestep: no axis of time */
    Tensor *tensor;
} CaseInput;

/* Inputs of a digest case are drawn in the order of the draws. */
typedef struct Draw {
    struct Draw *next;
    CaseInput *input;
    int64_t low, high;
} Draw;

typedef struct Setting {
    struct Setting *next;
    char name[NAME_SIZE], value[NAME_SIZE];
    bool used;
} Setting;

typedef struct CaseNode {
    struct CaseNode *next;
    char name[NAME_SIZE], operation[NAME_SIZE];
    int input_count;
    char inputs[MOST_INPUTS][NAME_SIZE];
    Setting *settings;
} CaseNode;

typedef struct Name {
    struct Name *next;
    char name[NAME_SIZE];
} Name;

typedef struct {
    int timesteps;
    size_t samples;
    CaseNode *nodes;
    CaseInput *inputs;
    Tensor *parameters;
    bool is_digest;
    uint64_t seed;
    int64_t chunks;
    Draw *draws;
    Name *hashed; /* sites under the digest, in order */
} Case;

/* Read DIRECTORY/case.txt. Stops with REJECTED and the line's number where the text is malformed. */
Case *read_case(const char *directory);

/* A decimal integer in [low, high], or a stop; what is named in the reason. */
int64_t parse_integer(const char *word, int64_t low, int64_t high, const char *what);

/* Number of values of a shape, as far as the program takes them. */
size_t shape_count(const Shape *shape);

#endif
