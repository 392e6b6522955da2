"""Every case of the suite, described; `refsim.golden.build` makes the frozen files of them."""

from refsim.golden.recipes import (
    attention,
    digests,
    exhaustive,
    integers,
    lineage,
    linear_attention,
    masks,
    networks,
    neurons,
    random_ops,
    rejects,
    sums,
    widths,
)

SUBJECTS = (
    exhaustive,
    neurons,
    sums,
    attention,
    masks,
    linear_attention,
    integers,
    widths,
    rejects,
    random_ops,
    networks,
    lineage,
    digests,
)


def all_recipes():
    """Yield the recipe of every case, and the module that describes it."""
    for module in SUBJECTS:
        for recipe in module.recipes():
            yield recipe, module.__name__
