/* The nodes of a case bound to their sites, and run timestep by timestep. */
#ifndef NETWORK_H
#define NETWORK_H

#include "operators.h"
#include "refsim_case.h"

/* A named place whose values can be observed: an input, the output of a node, or a register. */
typedef struct Site {
    struct Site *next;
    const CaseInput *input; /* NULL but for inputs */
    bool is_static;         /* the same at every timestep */
    const Type *type;
    Shape shape; /* of one timestep */
    size_t count, channels;
    int64_t *low, *high; /* worst case of each channel, over all inputs and timesteps */
    int64_t *values;     /* of the present timestep */
    Tensor record;       /* of all samples and timesteps; its name is the site's */
} Site;

typedef struct Node {
    struct Node *next;
    const CaseNode *text;
    const struct Operator *operation;
    Site *inputs[MOST_INPUTS], *output, *state; /* state: the register kept between timesteps, or NULL */
    union {
        Lif lif;
        Relu relu;
        Linear linear;
        Convolution convolution;
        MaxPool max_pool;
        TapBias tap_bias;
        Attention attention;
        Mask mask;
        Residual residual;
    } as;
} Node;

typedef struct Network {
    const Case *golden;
    Site *sites; /* in order of computation, inputs first */
    Node *nodes;
} Network;

typedef struct Operator {
    const char *name;
    int input_count;
    void (*check)(Network *, Node *); /* read settings and parameters, prove the registers, add the sites */
    void (*step)(const Node *, int timestep);
} Operator;

/* Every operator of these numerics, ended by one without a name. */
extern const Operator OPERATORS[];

/* Bind and check all nodes. Stops with REJECTED where the case is malformed or a register could overflow. */
Network *build_network(const Case *golden);

/* Run all samples from the inputs' present values, and fill the record of every site. */
void run_network(const Network *network);

/* The site of a name, or NULL. */
Site *find_site(const Network *network, const char *name);

/* Add a site; its intervals are still to be filled. Stops where the name is taken. */
Site *add_site(Network *network, const char *name, const char *register_name, const Type *type, const Shape *shape);

#endif
