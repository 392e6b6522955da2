"""What operators on tokens are in PyTorch, on real numbers or on integers as floats: one function an operator.

Tokens are (B, N, C), attention (B, H, N, N), where B counts images or timesteps. A function takes the operator, its
tensors by field and the values of its inputs.
"""


def linear(operator, tensors, values):
    """Sums over channels, weights (outputs, channels) (rules N6 and N7)."""
    from torch.nn.functional import linear as affine

    return affine(values, tensors["weights"], tensors["bias"])


def scores(operator, tensors, query, key):
    """Q K^T in each head (rule N11)."""
    return by_head(query, operator.heads) @ by_head(key, operator.heads).transpose(2, 3)


def context(operator, tensors, attention_map, value):
    """(attention map) V in each head (rule N11)."""
    return joined(attention_map @ by_head(value, attention_map.shape[1]))


def key_value(operator, tensors, key, value):
    """K^T V in each head (rule N17)."""
    return by_head(key, operator.heads).transpose(2, 3) @ by_head(value, operator.heads)


def retrieval(operator, tensors, query, key_value):
    """Q (K^T V) in each head (rule N17)."""
    return joined(by_head(query, key_value.shape[1]) @ key_value)


def mask(operator, tensors, spikes, mask):
    """Spikes where a mask of tokens, or of one row for all of them, is 1 (rule N16)."""
    return spikes * mask


def token_sum(operator, tensors, values):
    """The sum of each channel over all tokens (rule N14)."""
    return values.sum(1, keepdim=True)


def by_head(values, heads):
    """View (B, N, D) head by head: (B, H, N, E)."""
    return values.unflatten(2, (heads, -1)).transpose(1, 2)


def joined(values):
    """Join heads (B, H, N, E) to (B, N, D)."""
    return values.transpose(1, 2).flatten(2)


TOKEN_OPERATORS = {
    "Context": context,
    "KeyValue": key_value,
    "Linear": linear,
    "Mask": mask,
    "Retrieval": retrieval,
    "Scores": scores,
    "TokenSum": token_sum,
}
"""The functions by the name of their operator."""
