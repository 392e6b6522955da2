"""What became of a checkpoint: steps, rounding errors, thresholds and registers, layer by layer."""

from refsim.ops import LIF, Convolution, Linear

SHOWN_PROVENANCE = ("layout", "weights", "checkpoint_sha256", "frames", "pixel_white", "pixel_mean", "pixel_std")


def import_json(imported):
    """Return the outcome of an import for a program.

    Parameters
    ----------
    imported : Imported

    Returns
    -------
    report : dict
        ``layers`` in order of computation; steps are shifts s of 2**-s, errors are of real weights.
    """
    network = imported.network
    roundings = {rounding.site: rounding for rounding in imported.roundings}
    return {
        "architecture": imported.variant.architecture,
        **{name: network.provenance[name] for name in SHOWN_PROVENANCE if name in network.provenance},
        "timesteps": network.timesteps,
        "input": list(network.input.shape),
        "classes": network.classes,
        "settings": imported.settings,
        "numerics": network.numerics,
        "parameter_count": network.parameter_count,
        "parameter_bytes": sum(array.nbytes for node in network.nodes for array in node.operator.parameters().values()),
        "layers": [layer(network, node, roundings) for node in network.nodes if is_layer(node)],
    }


def is_layer(node):
    return isinstance(node.operator, (Convolution, Linear, LIF))


def layer(network, node, roundings):
    """Return what is said of one affine map, or of one layer of neurons."""
    operator, signals = node.operator, network.signals
    if isinstance(operator, LIF):
        thresholds = operator.thresholds
        low, high = int(thresholds.min()), int(thresholds.max())
        bits = {"membrane_bits": signals[node.register_site].bits, "declared_bits": operator.membrane_bits}
        return {"site": node.name, "lowest_threshold": low, "highest_threshold": high, **bits}
    rounding = roundings[node.name]
    return {
        "site": node.name,
        "weights": operator.weights.size,
        "weight_type": operator.weights.dtype.name,
        "finest_shift": rounding.finest_shift,
        "coarsest_shift": rounding.coarsest_shift,
        "largest_error": rounding.largest_error,
        "largest_weight": rounding.largest_weight,
        "accumulator_bits": signals[node.name].bits,
        "declared_bits": operator.accumulator_bits,
    }


def import_text(imported):
    """Return the outcome of an import for a person, as lines."""
    report = import_json(imported)
    weights = [layer for layer in report["layers"] if "weights" in layer]
    worst = max(weights, key=relative_error)
    widest = max(report["layers"], key=lambda layer: layer.get("membrane_bits", layer.get("accumulator_bits")))
    coarsest = min((layer for layer in report["layers"] if "lowest_threshold" in layer), key=lowest_real_threshold)
    return [
        f"{report['architecture']} ({report['layout']}), {report['weights']}: T = {report['timesteps']}, input "
        f"{'x'.join(map(str, report['input']))}, {report['classes']} classes, {report['numerics']}",
        "",
        f"{'site':<38} {'weights':>11} {'step':<14} {'largest error':<22} {'threshold':<15} register",
        *map(row, report["layers"]),
        "",
        *settings_text(report),
        f"largest error of a weight: {relative_error(worst):.2%} of the largest weight, at {worst['site']}",
        f"smallest threshold: {coarsest['lowest_threshold']} steps, at {coarsest['site']}",
        f"widest register: {widest.get('membrane_bits', widest.get('accumulator_bits'))} bits, at {widest['site']}",
        f"{report['parameter_count']:,} integers, {report['parameter_bytes']:,} bytes",
    ]


def settings_text(report):
    """Return what no checkpoint holds, as lines; where training had it otherwise, options say so."""
    settings = report["settings"]
    stages = "".join(f" {stage}" for stage in settings.get("pooled_stages", ()))
    scale = f" on Q K^T V times {settings['attention_scale']:g}" if "attention_scale" in settings else ""
    return [
        f"read with: heads {settings['heads']}{f', stages that pool{stages}' if stages else ''}",
        f"  {input_text(report)}",
        f"  threshold {settings['threshold']:g}, of attention {settings['attention_threshold']:g}{scale}, "
        f"{'halved' if settings['halve_input'] else 'whole'} inputs",
        "  no checkpoint holds these: where it was trained otherwise, give the options",
    ]


def input_text(report):
    """Say what the checkpoint saw: normalised pixels, or spike frames."""
    if "frames" in report:
        return f"{report['frames']} spike frames"
    mean, std = (" ".join(f"{value:g}" for value in report[f"pixel_{name}"]) for name in ("mean", "std"))
    return f"pixels (p / {report['pixel_white']:g} - mean) / std, mean {mean}, std {std}"


def relative_error(layer):
    return layer["largest_error"] / layer["largest_weight"] if layer["largest_weight"] else 0.0


def lowest_real_threshold(layer):
    """Neurons on counts have small thresholds by nature; they come last."""
    return layer["lowest_threshold"] if not layer["site"].endswith((".output", ".gate")) else float("inf")


def row(layer):
    """Return one line of the table."""
    if "weights" not in layer:
        thresholds = span(layer["lowest_threshold"], layer["highest_threshold"])
        return f"{layer['site']:<38} {'':>11} {'':<14} {'':<22} {thresholds:<15} {register(layer, 'membrane_bits')}"
    step = f"2^{span(-layer['finest_shift'], -layer['coarsest_shift'], ' to 2^')}"
    error = f"{layer['largest_error']:.2e} ({relative_error(layer):.2%})"
    return (
        f"{layer['site']:<38} {layer['weights']:>11,} {step:<14} {error:<22} {'':<15} "
        f"{register(layer, 'accumulator_bits')}"
    )


def register(layer, field):
    return f"{layer[field]:>2} of {layer['declared_bits']}"


def span(low, high, between=" to "):
    """Write two numbers, or one where they are equal."""
    return f"{low}" if low == high else f"{low}{between}{high}"
