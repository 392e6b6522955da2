"""Tensors of a checkpoint are asked for once, by name and shape, and none is left over."""

import numpy as np
import pytest

from refsim.checkpoints.tensors import Affine, Tensors
from refsim.errors import CheckpointError


def tensors_of(**given):
    return Tensors("file", {name.replace("__", "."): np.array(values, np.float32) for name, values in given.items()})


def norm(name, weight, bias, mean, variance):
    return {
        f"{name}__weight": weight,
        f"{name}__bias": bias,
        f"{name}__running_mean": mean,
        f"{name}__running_var": variance,
    }


def test_a_tensor_is_given_once():
    """A second time it is missing."""
    tensors = tensors_of(a=[1.0, 2.0])
    assert [1.0, 2.0] == tensors.take("a", (2,)).tolist()
    with pytest.raises(CheckpointError, match=r"^file: a: missing; expected a tensor of shape \(2,\)$"):
        tensors.take("a", (2,))


@pytest.mark.parametrize("shape", [(3,), (2, 1), (), (1, 2)])
def test_a_tensor_of_another_shape_is_refused(shape):
    """No broadcasting, no reshaping."""
    with pytest.raises(CheckpointError) as caught:
        tensors_of(a=[1.0, 2.0]).take("a", shape)
    assert str(caught.value) == f"file: a: expected shape {shape}, got (2,)"


def test_a_layer_and_its_batch_norm_by_hand():
    """Variance 4, gamma 3: times 1.5. (1, -2) becomes (1.5, -3); 10 becomes (10 - 4) 1.5 + 0.25 = 9.25.

    Epsilon is 2, of which the variance 2 makes 4.
    """
    tensors = tensors_of(fc__weight=[[1.0, -2.0]], fc__bias=[10.0], **norm("bn", [3.0], [0.25], [4.0], [2.0]))
    tensors.epsilon = 2.0
    affine = tensors.affine("fc", "bn", (1, 2), bias=True)
    assert ([[1.5, -3.0]], [9.25]) == (affine.weight.tolist(), affine.bias.tolist())
    assert affine.weight.dtype == affine.bias.dtype == np.float64
    tensors.require_all_taken()


def test_a_layer_without_bias_has_that_of_its_batch_norm():
    """0.25 - 4 * 1.5 = -5.75; a bias that is there is left over."""
    given = {"fc__weight": [[1.0, -2.0]], **norm("bn", [3.0], [0.25], [4.0], [4.0])}
    tensors = tensors_of(**given)
    tensors.epsilon = 0.0
    assert [-5.75] == tensors.affine("fc", "bn", (1, 2)).bias.tolist()
    tensors = tensors_of(fc__bias=[10.0], **given)
    tensors.affine("fc", "bn", (1, 2))
    with pytest.raises(
        CheckpointError, match=r"^file: fc.bias: a tensor that this architecture does not have \(1 such"
    ):
        tensors.require_all_taken()


def test_a_counter_of_batches_goes_with_its_norm():
    """Alone it is left over; of several such the first is named."""
    counted = {**norm("bn", [1.0], [0.0], [0.0], [1.0]), "bn__num_batches_tracked": 7.0}
    tensors = tensors_of(**counted)
    tensors.norm("bn", 1)
    tensors.require_all_taken()
    alone = tensors_of(bn__num_batches_tracked=7.0, an__num_batches_tracked=7.0)
    with pytest.raises(CheckpointError, match=r"^file: an\.num_batches_tracked: .* \(2 such in all\)$"):
        alone.require_all_taken()


@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_counter_of_batches_is_one_number(shape):
    """A scalar, or an array of one."""
    counter = np.full(shape, 7.0)
    tensors = tensors_of(**norm("bn", [1.0], [0.0], [0.0], [1.0]), bn__num_batches_tracked=counter)
    tensors.norm("bn", 1)
    tensors.require_all_taken()


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 1)])
def test_a_counter_of_batches_of_another_shape_is_refused(shape):
    """By name, though nothing reads it."""
    counter = np.full(shape, 7.0)
    tensors = tensors_of(**norm("bn", [1.0], [0.0], [0.0], [1.0]), bn__num_batches_tracked=counter)
    with pytest.raises(CheckpointError) as caught:
        tensors.norm("bn", 1)
    assert str(caught.value) == f"file: bn.num_batches_tracked: expected shape () or (1,), got {shape}"


def test_the_variance_of_a_norm_is_named_with_it():
    """File, norm and channel."""
    tensors = tensors_of(**norm("a.bn", [1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, -1.0]))
    with pytest.raises(CheckpointError, match=r"^file: a\.bn: the variance of channel 1 is -1"):
        tensors.norm("a.bn", 2)


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["block.0.a", "block.1.a"], 2),
        (["block.0.a", "block.10.a"], 11),
        (["block3.4.a", "blocks.7.a", "a.block.9.b", "block.x.a", "block.5"], 1),
        ([], 1),
    ],
)
def test_blocks_are_counted_up_to_the_last(names, count):
    """A gap is found when its tensors are asked for; other stems and depths do not count; one there must be."""
    assert count == Tensors("file", dict.fromkeys(names, np.zeros(1))).blocks("block")


def test_a_shape_is_seen_without_taking():
    """And a missing tensor named."""
    tensors = tensors_of(a=[[1.0, 2.0]])
    assert (1, 2) == tensors.shape("a") == tensors.shape("a")
    with pytest.raises(CheckpointError, match="^file: b: missing$"):
        tensors.shape("b")


def test_only_whole_names_are_ignored():
    """Neither a part of a name nor one with more before it or behind."""
    tensors = tensors_of(
        **{"b.0.n.weight": [1.0], "b.0.n.weights": [1.0], "b.0.c.n.weight": [1.0], "a.b.0.n.weight": [1.0]}
    )
    tensors.ignore(r"b\.\d+\.n\.weight")
    assert {"b.0.n.weights", "b.0.c.n.weight", "a.b.0.n.weight"} == set(tensors.left)


def test_a_window_of_one_is_a_linear_map_and_back():
    """(2, 3, 1, 1) and (2, 3, 1) become (2, 3), and that (2, 3, 1, 1); values stay in their places."""
    weight, bias = np.arange(6.0).reshape(2, 3), np.zeros(2)
    for shape in ((2, 3, 1, 1), (2, 3, 1)):
        assert weight.tolist() == Affine(weight.reshape(shape), bias).of_window_one().weight.tolist()
    assert (2, 3, 1, 1) == Affine(weight, bias).as_image().weight.shape
    with pytest.raises(ValueError, match="reshape"):
        Affine(np.zeros((2, 3, 3, 3)), bias).of_window_one()
