/* The proof that no register overflows (N3).
 *
 * The worst case of each channel, over all inputs within their ranges and all timesteps, is carried from the inputs of
 * a node to its sites, for every finished value and every partial sum. A register that it could leave is refused. */
#ifndef RANGES_H
#define RANGES_H

#include "network.h"

typedef struct {
    int64_t low, high;
} Interval;

/* Over all channels of a site. */
Interval interval_of(const Site *site);

/* Whether every value is -1, 0 or 1, so that it can gate additions. */
bool is_spiking(const Site *site);

void set_all_intervals(Site *site, int64_t low, int64_t high);
void copy_intervals(Site *to, const Site *from);

/* Spikes that a mask may silence. */
void carry_spikes(Site *to, const Site *from);

/* The charges of a LIF neuron, in node->state. */
void prove_membrane(const Node *node, int bits, int timesteps);

/* The output of a ReLU neuron; it has no register. */
void carry_relu(const Node *node);

/* The output of a linear map, or of the taps of a convolution. */
void prove_gather(const Node *node, const Linear *map, size_t taps, int bits);

/* Sums with the biases of taps. */
void prove_taps(const Node *node, int bits);

/* The output of an attention product: a sum of terms of which any may be absent. */
void prove_products(const Node *node, size_t terms, int bits);

void prove_residual(const Node *node, int bits);

/* The output of a sum of equally bounded terms; from_zero: a running sum. */
void prove_sum(const Node *node, uint64_t terms, bool from_zero, int bits);

#endif
