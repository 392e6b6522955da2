/* What must hold before anything runs: parameters that fit, and registers that cannot overflow (N3).
 *
 * A check reads the settings and parameters of its node, refuses what does not fit, carries the worst case of each
 * channel from the inputs to the output, and adds the node's sites. */
#ifndef RANGES_H
#define RANGES_H

#include "network.h"

void check_lif(Network *network, Node *node);
void check_relu(Network *network, Node *node);
void check_linear(Network *network, Node *node);
void check_convolution(Network *network, Node *node);
void check_max_pool(Network *network, Node *node);
void check_scores(Network *network, Node *node);
void check_context(Network *network, Node *node);
void check_residual(Network *network, Node *node);
void check_tokens(Network *network, Node *node);
void check_token_sum(Network *network, Node *node);
void check_time_sum(Network *network, Node *node);
void check_argmax(Network *network, Node *node);

#endif
