"""The network as data: named operators in order, validated once."""

import json
from dataclasses import dataclass, field, fields, replace

import numpy as np

from refsim.errors import NetworkError, RegisterError, did_you_mean
from refsim.numerics import Signal, numerics_name, require_choice, require_integer, require_name
from refsim.ops.operator import Operator

INPUT_KINDS = {
    "image": (np.uint8, 0, 255),
    "binary": (np.int8, 0, 1),
    "ternary": (np.int8, -1, 1),
    "graded": (np.int8, 0, 127),
}
"""Type and range of each kind of input: one image for all timesteps, or spike frames, one a timestep."""

FRAME_KINDS = tuple(kind for kind in INPUT_KINDS if kind != "image")

INPUT_SITE = "input"
MOST_TIMESTEPS = 1024

MOST_INPUT = 4096
"""Rows, columns or channels of the largest input that a network takes."""


@dataclass(frozen=True)
class Input:
    """What the network takes.

    Attributes
    ----------
    kind : {"image", "binary", "ternary", "graded"}
        A uint8 image, or int8 spike frames (T, Y, X, C) in {0, 1}, {-1, 0, 1} or 0..127.
    shape : tuple of int
        (Y, X, C).
    """

    kind: str
    shape: tuple

    @property
    def is_static(self):
        """Whether every timestep sees the same input."""
        return self.kind == "image"

    @property
    def signal(self):
        dtype, low, high = INPUT_KINDS[self.kind]
        return Signal.uniform(dtype, self.shape, low, high)


@dataclass(frozen=True, eq=False)
class Node:
    """One operator in its place.

    Attributes
    ----------
    name : str
        The site of its output, as in ``block0.attention.scores``.
    operator : Operator
    inputs : tuple of str
        Sites that it reads, each of an earlier node or ``"input"``.
    """

    name: str
    operator: Operator
    inputs: tuple

    @property
    def register_site(self):
        """Site of the register that is kept between timesteps, or None."""
        register = self.operator.register
        return None if register is None else f"{self.name}.{register}"


class Graph:
    """What a whole network and a piece of one share: `nodes` in order, and `signals` by site.

    A graph is what it was when it was validated: arrays that others may write are copied. It is pickled as what it was
    made of, and validated again.
    """

    def __reduce__(self):
        return type(self), tuple(getattr(self, field.name) for field in fields(self) if field.init)

    def input_signals(self, node):
        """Return the forms of what a node reads."""
        return [self.signals[site] for site in node.inputs]

    @property
    def numerics(self):
        """The lowest version of the numerics that has all of its operators."""
        return numerics_name(max(node.operator.minor_version(self.input_signals(node)) for node in self.nodes))


@dataclass(frozen=True, eq=False)
class Network(Graph):
    """A validated network.

    Attributes
    ----------
    name : str
    timesteps : int
    input : Input
    nodes : tuple of Node
        In order of computation; the last gives the logits, shape (1, classes).
    logit_denominator : int
        A logit stands for its integer divided by this.
    provenance : dict
        Where the weights come from; words and numbers only.
    signals : dict of Signal by site
        Worst case of every site, registers included; computed here.
    static_sites : frozenset of str
        Sites that are the same at every timestep, computed once.

    Raises
    ------
    NetworkError
        Where parts do not fit; RegisterError where a register could overflow.
    """

    name: str
    timesteps: int
    input: Input
    nodes: tuple = field(repr=False)
    logit_denominator: int
    provenance: dict = field(default_factory=dict)
    signals: dict = field(init=False, repr=False)
    static_sites: frozenset = field(init=False, repr=False)

    def __post_init__(self):
        require_name("name of a network", self.name)
        require_integer(f"{self.name}: logit_denominator", self.logit_denominator, 1, 2**62)
        object.__setattr__(self, "logit_denominator", int(self.logit_denominator))
        require_plain(f"{self.name}: provenance", self.provenance)
        propagate(self, {INPUT_SITE: input_signal(self.name, self.input)}, {INPUT_SITE} if self.input.is_static else ())
        require_logits(self.name, self.nodes, self.signals)

    def __getitem__(self, site):
        """Return the node of a site.

        Raises
        ------
        NetworkError
            If no node has that name.
        """
        for node in self.nodes:
            if node.name == site:
                return node
        raise NetworkError(f"{self.name} has no node {site!r}{did_you_mean(site, [node.name for node in self.nodes])}")

    @property
    def classes(self):
        return self.signals[self.nodes[-1].name].shape[-1]

    @property
    def parameter_count(self):
        return sum(array.size for node in self.nodes for array in node.operator.parameters().values())


@dataclass(frozen=True, eq=False)
class Fragment(Graph):
    """A piece of a network, from one operator to all of them, over inputs of any form.

    Attributes
    ----------
    name : str
    timesteps : int
    inputs : dict of Signal by site
    static_inputs : frozenset of str
        Inputs that are the same at every timestep.
    nodes : tuple of Node
    signals, static_sites
        As of a `Network`.
    """

    name: str
    timesteps: int
    inputs: dict = field(repr=False)
    static_inputs: frozenset
    nodes: tuple = field(repr=False)
    signals: dict = field(init=False, repr=False)
    static_sites: frozenset = field(init=False, repr=False)

    def __post_init__(self):
        propagate(self, self.inputs, self.static_inputs)


def propagate(graph, inputs, static_inputs):
    """Settle the operators of a graph, validate it node by node, and set its `signals` and `static_sites`."""
    require_integer(f"{graph.name}: timesteps", graph.timesteps, 1, MOST_TIMESTEPS)
    signals, static = dict(inputs), set(static_inputs)
    object.__setattr__(graph, "timesteps", int(graph.timesteps))
    object.__setattr__(graph, "nodes", tuple(settled_node(graph.name, node) for node in nodes_of(graph)))
    for node in graph.nodes:
        signals.update(site_signals(node, signals, graph.timesteps))
        if node.operator.register is None and static.issuperset(node.inputs):
            static.add(node.name)
    object.__setattr__(graph, "signals", signals)
    object.__setattr__(graph, "static_sites", frozenset(static))


def nodes_of(graph):
    """Return the nodes of a graph, after a look that they are such."""
    if not isinstance(graph.nodes, (list, tuple)) or not all(isinstance(node, Node) for node in graph.nodes):
        found = graph.nodes if isinstance(graph.nodes, (list, tuple)) else [graph.nodes]
        other = next(type(node).__name__ for node in found if not isinstance(node, Node))
        raise NetworkError(f"{graph.name}: nodes: expected a tuple of Node, got {other}")
    return graph.nodes


def settled_node(graph_name, node):
    """Return a node as it stays, after a look at the types of what it is made of."""
    require_name(f"{graph_name}: name of a node", node.name)
    operator = node.operator
    if not isinstance(operator, Operator):
        is_class = isinstance(operator, type) and issubclass(operator, Operator)
        found = f"the class {operator.__name__}: call it with its parameters" if is_class else type(operator).__name__
        raise NetworkError(f"{node.name}: expected an operator, got {found}")
    if not isinstance(node.inputs, (list, tuple)) or not all(isinstance(site, str) for site in node.inputs):
        raise NetworkError(f"{node.name}: inputs: expected a tuple of names of sites, got {node.inputs!r}")
    for name in (each.name for each in fields(operator) if each.type is np.ndarray):
        value = getattr(operator, name)
        if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
            raise NetworkError(f"{node.name}.{name}: expected an array of integers, got {type(value).__name__}")
    return replace(node, operator=operator.settled(), inputs=tuple(node.inputs))


def input_signal(name, network_input):
    """Check the input's description and return its form."""
    if not isinstance(network_input, Input):
        raise NetworkError(f"{name}: input: expected an Input, got {type(network_input).__name__}")
    require_choice(f"{name}: input", network_input.kind, INPUT_KINDS)
    if not isinstance(network_input.shape, (list, tuple)) or len(network_input.shape) != 3:
        raise NetworkError(f"{name}: the input must have the shape (Y, X, C), got {network_input.shape}")
    for size in network_input.shape:
        require_integer(f"{name}: input size", size, 1, MOST_INPUT)
    return network_input.signal


def site_signals(node, signals, timesteps):
    """Validate one node after those before it; return its sites: the output and, where there is one, the register."""
    for site in filter(None, (node.name, node.register_site)):
        if site in signals:
            raise NetworkError(f"{node.name}: two nodes have the site {site}")
    missing = [site for site in node.inputs if site not in signals]
    if missing:
        raise NetworkError(f"{node.name}: reads {missing[0]}, which no earlier node gives")
    inputs = [signals[site] for site in node.inputs]
    count = node.operator.input_count
    if len(inputs) != count:
        sites = "site" if count == 1 else "sites"
        raise NetworkError(f"{node.name}: {node.operator.kind()} reads {count} {sites}, got {len(inputs)}")
    sites = {node.name: node.operator.output(node.name, inputs, timesteps)}
    if node.register_site is not None:
        sites[node.register_site] = node.operator.state(node.name, inputs, timesteps)
    return sites


def require_plain(name, provenance):
    """Check that a provenance is an object of words, finite numbers, lists and objects, as JSON has them."""
    try:
        is_plain = isinstance(provenance, dict) and json.loads(json.dumps(provenance, allow_nan=False)) == provenance
    except (TypeError, ValueError, RecursionError):
        is_plain = False
    if not is_plain:
        raise NetworkError(f"{name}: expected a dict of words, finite numbers, and lists and dicts of them")


def require_logits(name, nodes, signals):
    """Check that the last node gives one row of logits."""
    if not nodes:
        raise NetworkError(f"{name}: a network needs at least one node")
    shape = signals[nodes[-1].name].shape
    if len(shape) != 2 or shape[0] != 1:
        raise NetworkError(f"{nodes[-1].name}: the last node must give logits of shape (1, classes), got {shape}")


class Assembly:
    """A network under construction: each node is given the narrowest registers that its worst case allows.

    Parameters
    ----------
    network_input : Input
    timesteps : int
    """

    WIDTHS = (32, 64)

    def __init__(self, network_input, timesteps):
        self.input, self.timesteps = network_input, timesteps
        self.nodes, self.signals = [], {INPUT_SITE: input_signal("network", network_input)}

    def add(self, name, operator, *inputs):
        """Append a node and return its site."""
        for bits in self.WIDTHS:
            node = Node(name, with_registers(operator, bits), inputs)
            try:
                sites = site_signals(node, self.signals, self.timesteps)
                break
            except RegisterError:
                if bits == self.WIDTHS[-1]:
                    raise
        self.nodes.append(node)
        self.signals.update(sites)
        return name

    def shape(self, site):
        """Return the shape of a site's values."""
        return self.signals[site].shape

    def finish(self, name, logit_denominator, provenance):
        """Return the network."""
        return Network(name, self.timesteps, self.input, tuple(self.nodes), logit_denominator, provenance)


def with_registers(operator, bits):
    """Return the operator with every declared width set to `bits`."""
    widths = {name: bits for name in operator.settings() if name.endswith("_bits")}
    return replace(operator, **widths)
