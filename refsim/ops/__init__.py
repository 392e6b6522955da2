"""The operators of a network, one subject a file."""

from refsim.ops.argmax import Argmax
from refsim.ops.attention import Context, Scores
from refsim.ops.convolution import Convolution
from refsim.ops.lif import LIF
from refsim.ops.linear import Linear
from refsim.ops.pooling import MaxPool
from refsim.ops.readout import TimeSum, TokenSum
from refsim.ops.relu import ReLU
from refsim.ops.residual import Residual
from refsim.ops.tokens import Tokens

OPERATORS = {
    operator.kind(): operator
    for operator in (
        Argmax,
        Convolution,
        Context,
        LIF,
        Linear,
        MaxPool,
        ReLU,
        Residual,
        Scores,
        TimeSum,
        TokenSum,
        Tokens,
    )
}
"""Every operator by the name it has in a model file."""
