"""What a person and what a program reads of a comparison with the checkpoint: text and JSON."""


def comparison_text(comparison):
    """Return a comparison for a person, as lines."""
    lines = [
        f"integers beside the checkpoint in {comparison.precision}, on {comparison.images:,} images",
        f"  labels     {comparison.equal_labels:,} of {comparison.images:,} agree ({comparison.label_agreement:.1%})",
    ]
    if comparison.float_accuracy is not None:
        lines.append(
            f"  accuracy   {comparison.float_accuracy:.1%} of the checkpoint, "
            f"{comparison.integer_accuracy:.1%} of the integers"
        )
    lines.append(f"  logits     {logits_text(comparison)}")
    first = comparison.first_departure
    lines.append(f"  spikes     {'all agree' if first is None else f'the first that differ are at {first.site}'}")
    width = max([len("site"), *(len(layer.site) for layer in comparison.layers)])
    lines += [
        "",
        f"  {'':<{width}}  {'firing rate':>19}  {'spikes and silences':>25}  {'spikes':>9}",
        f"  {'site':<{width}}  {'checkpoint':>10} {'integers':>8}  {'that agree':>10} {'that differ':>14}  "
        f"{'in common':>9}",
        *(layer_row(layer, width) for layer in comparison.layers),
    ]
    return lines


def logits_text(comparison):
    """Return the largest difference of logits in words."""
    difference, relative = comparison.logit_difference, comparison.relative_logit_difference
    if difference == 0:
        return "equal"
    if relative is None:
        return f"differ by at most {difference:.3g}; those of the checkpoint do not differ among themselves"
    return f"differ by at most {difference:.3g}, {relative:.2%} of their spread of {comparison.logit_spread:.3g}"


def layer_row(layer, width):
    agreement = share_text(layer.equal, layer.outputs, 3)
    overlap = share_text(layer.common_spike_count, layer.either_spike_count, 1)
    return (
        f"  {layer.site:<{width}}  {layer.float_rate:>10.2%} {layer.integer_rate:>8.2%}  {agreement:>10} "
        f"{layer.outputs - layer.equal:>14,}  {overlap:>9}".rstrip()
    )


def share_text(part, whole, decimals):
    """Return a share in percent, rounded down so that only a whole one shows 100; nothing where there is nothing.

    Examples
    --------
    >>> share_text(29_999, 30_000, 1), share_text(3, 3, 1), share_text(0, 0, 1)
    ('99.9%', '100.0%', '')
    """
    if not whole:
        return ""
    scale = 10**decimals
    percent, rest = divmod(part * 100 * scale // whole, scale)
    return f"{percent}.{rest:0{decimals}}%"


def comparison_json(comparison):
    """Return a comparison for a program."""
    return {
        "precision": comparison.precision,
        "images": comparison.images,
        "equal_labels": comparison.equal_labels,
        "label_agreement": comparison.label_agreement,
        "float_accuracy": comparison.float_accuracy,
        "integer_accuracy": comparison.integer_accuracy,
        "logit_difference": comparison.logit_difference,
        "logit_spread": comparison.logit_spread,
        "relative_logit_difference": comparison.relative_logit_difference,
        "layers": [layer_json(layer) for layer in comparison.layers],
    }


def layer_json(layer):
    return {
        "site": layer.site,
        "float_rate": layer.float_rate,
        "integer_rate": layer.integer_rate,
        "agreement": layer.agreement,
        "overlap": layer.overlap,
        "outputs": layer.outputs,
        "equal": layer.equal,
    }
