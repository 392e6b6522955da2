/* The numerics: one timestep of every operator, by additions, subtractions, comparisons and shifts.
 *
 * The rules N1 to N18 are those of golden/NUMERICS.md. Arrays are channels last, in C order; all values are int64_t,
 * since the range proof (ranges.h) has shown what narrower registers would do. Put your own functions in the place of
 * these, one by one. */
#ifndef OPERATORS_H
#define OPERATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const int64_t *thresholds; /* one a channel, positive */
    size_t channels;
    bool exact, ternary, subtract, halve_input;
    int leak_shift;
} Lif;

typedef struct {
    int shift;
    int64_t cap;
} Relu;

typedef struct {
    const int64_t *weights; /* (channels, outputs) */
    const int64_t *bias;    /* (outputs) */
    size_t channels, outputs;
    int planes;              /* 0: the input is spikes; else its number of bit planes */
    uint64_t largest_weight; /* that the weights' type holds, as a magnitude */
} Linear;

typedef struct {
    size_t rows, columns, channels;
} Image;

typedef struct {
    size_t rows, columns, stride, padding;
} Window;

typedef struct {
    Linear taps; /* weights (window rows, window columns, channels, outputs) */
    Image input, output;
    Window window;
} Convolution;

typedef struct {
    Image input, output;
    Window window;
} MaxPool;

typedef struct {
    const int64_t *biases; /* (window rows, window columns, channels) */
    Image input, output;   /* of the convolution; the input has no channels here */
    Window window;
} TapBias;

typedef struct {
    size_t heads, tokens, width; /* channels of a head: width */
    bool first_gates;            /* the spikes of the first operand gate the additions; else those of the second */
} Attention;

typedef struct {
    size_t tokens, channels;
    bool one_row; /* one row of the mask for all tokens; else one for each */
} Mask;

typedef struct {
    int stream_shift, branch_shift;
} Residual;

/* In C a left shift of a negative value is undefined and a right shift of one is the compiler's choice. These are the
 * arithmetic shifts of two's complement hardware, for by from 0 to 63. */
int64_t shift_left(int64_t value, int by);
int64_t shift_right(int64_t value, int by);

/* N8 and N9: rows of neurons; membranes are advanced in place. */
void lif_exact(const Lif *lif, int timestep, size_t rows, const int64_t *currents, int64_t *membranes, int64_t *spikes);
void lif_floor(const Lif *lif, size_t rows, const int64_t *currents, int64_t *membranes, int64_t *spikes);

/* N10 */
void relu(const Relu *neuron, size_t count, const int64_t *currents, int64_t *spikes);

/* N6 where planes is 0, N7 else. */
void linear(const Linear *map, size_t rows, const int64_t *values, int64_t *sums);
void convolution(const Convolution *map, const int64_t *values, int64_t *sums);

/* N11: (N, D) and (N, D) to (H, N, N); (H, N, N) and (N, D) to (N, D). */
void scores(const Attention *heads, const int64_t *query, const int64_t *key, int64_t *sums);
void context(const Attention *heads, const int64_t *map, const int64_t *value, int64_t *sums);

/* N17: (N, D) and (N, D) to (H, E, E); (N, D) and (H, E, E) to (N, D). */
void key_value(const Attention *heads, const int64_t *key, const int64_t *value, int64_t *sums);
void retrieval(const Attention *heads, const int64_t *query, const int64_t *key_values, int64_t *sums);

/* N16 */
void mask(const Mask *form, const int64_t *spikes, const int64_t *gates, int64_t *masked);

/* N18 */
void tap_bias(const TapBias *taps, const int64_t *values, int64_t *sums);

/* N12 */
void max_pool(const MaxPool *pool, const int64_t *values, int64_t *largest);

/* N13 */
void residual(const Residual *shifts, size_t count, const int64_t *stream, const int64_t *branch, int64_t *sums);

/* N14 */
void token_sum(size_t tokens, size_t channels, const int64_t *values, int64_t *sums);
void time_sum(size_t count, const int64_t *values, int64_t *totals);

/* N15: for each row. */
void argmax(size_t rows, size_t classes, const int64_t *logits, int64_t *labels);

#endif
