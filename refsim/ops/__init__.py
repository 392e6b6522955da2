"""The operators of a network, one subject a file."""

from refsim.ops.argmax import Argmax
from refsim.ops.attention import Context, Scores
from refsim.ops.convolution import Convolution
from refsim.ops.lif import LIF
from refsim.ops.linear import Linear
from refsim.ops.linear_attention import KeyValue, Retrieval
from refsim.ops.mask import Mask
from refsim.ops.pooling import MaxPool
from refsim.ops.readout import TimeSum, TokenSum
from refsim.ops.relu import ReLU
from refsim.ops.residual import Residual
from refsim.ops.tap_bias import TapBias
from refsim.ops.tokens import Grid, Tokens

OPERATORS = {
    operator.kind(): operator
    for operator in (
        Argmax,
        Convolution,
        Context,
        Grid,
        KeyValue,
        LIF,
        Linear,
        Mask,
        MaxPool,
        ReLU,
        Residual,
        Retrieval,
        Scores,
        TapBias,
        TimeSum,
        TokenSum,
        Tokens,
    )
}
"""Every operator by the name it has in a model file."""
