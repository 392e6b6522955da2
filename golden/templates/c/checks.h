/* What must fit before anything runs: settings, parameters and shapes, operator by operator.
 *
 * A check reads the settings and parameters of its node, refuses what does not fit, adds the node's sites, and has
 * their registers proved (ranges.h). */
#ifndef CHECKS_H
#define CHECKS_H

#include "network.h"

void check_lif(Network *network, Node *node);
void check_relu(Network *network, Node *node);
void check_linear(Network *network, Node *node);
void check_convolution(Network *network, Node *node);
void check_max_pool(Network *network, Node *node);
void check_tap_bias(Network *network, Node *node);
void check_scores(Network *network, Node *node);
void check_context(Network *network, Node *node);
void check_key_value(Network *network, Node *node);
void check_retrieval(Network *network, Node *node);
void check_mask(Network *network, Node *node);
void check_residual(Network *network, Node *node);
void check_tokens(Network *network, Node *node);
void check_grid(Network *network, Node *node);
void check_token_sum(Network *network, Node *node);
void check_time_sum(Network *network, Node *node);
void check_argmax(Network *network, Node *node);

#endif
