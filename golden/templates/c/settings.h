/* What a node states: its settings and its parameters, refused where they are none of the rules'. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "network.h"

/* `otherwise` where it is left out. */
int integer_setting(const Node *node, const char *name, int otherwise, int low, int high);
int required_setting(const Node *node, const char *name, int low, int high);

/* Whether a setting of two words is the second of them; left out, it is the first. */
bool is_second(const Node *node, const char *name, const char *first, const char *second);

/* The declared width of the node's register. */
int bits_setting(const Node *node, const char *name);

/* Biases and thresholds: int32 or int64, one a channel. */
const int64_t *wide_parameter(const Network *network, const Node *node, const char *field, size_t channels);

/* Biases of taps (N18): int32 or int64, (window rows, window columns, channels). */
const Tensor *tap_biases(const Network *network, const Node *node, size_t channels);

/* Weights: int8 or int16; their last axes are channels and outputs. */
const Tensor *weights_parameter(const Network *network, const Node *node, int axes, size_t channels);

#endif
