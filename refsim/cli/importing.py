"""The commands on trained checkpoints and published sizes: import, published."""

from dataclasses import asdict, fields
from pathlib import Path

from refsim import model_file
from refsim.architectures.published import PUBLISHED
from refsim.checkpoints.comparison import compare
from refsim.checkpoints.comparison_report import comparison_json, comparison_text
from refsim.checkpoints.conventions import MEANS, WIDTHS, Conventions
from refsim.checkpoints.float_network import import_torch
from refsim.checkpoints.import_report import import_json, import_text
from refsim.checkpoints.lineage import ARCHITECTURES, import_lineage
from refsim.checkpoints.spiking_transformer import import_spiking_transformer
from refsim.cli.common import command, print_json, require_writable, write
from refsim.dataset import read_dataset
from refsim.errors import InputError
from refsim.evaluation import require_labels, with_accuracy
from refsim.images import require_taken
from refsim.network import FRAME_KINDS

OWN = "spiking-transformer"
"""The architecture whose checkpoints refsim.training writes; they say themselves how they were trained."""


def add_import_commands(commands):
    """Describe the commands to a parser."""
    imported = command(commands, "import", import_checkpoint, "turn a float checkpoint into a model of integers")
    imported.add_argument("architecture", choices=[OWN, *ARCHITECTURES])
    imported.add_argument(
        "checkpoint",
        metavar="CHECKPOINT",
        help=".safetensors, .npz, .pt, .pth, .pth.tar; for spiking-transformer what python -m refsim.training wrote",
    )
    imported.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model file to write (.npz)")
    imported.add_argument("--test", metavar="DATA", help="record the accuracy on 'digits' or an .npz in the model")
    how = imported.add_argument_group("how it is rounded, and how it was trained (not for spiking-transformer)")
    how.add_argument("--bits", type=int, choices=WIDTHS, help="width of the weights (default 8)")
    how.add_argument("--timesteps", type=int, metavar="T", help="(default 4, of frames 16)")
    how.add_argument("--heads", type=int, help="by default those of the published size")
    how.add_argument(
        "--frames",
        choices=FRAME_KINDS,
        help="the kind of spike frames that it was trained on, where it was not images",
    )
    how.add_argument(
        "--image-size", type=int, nargs=2, metavar=("ROWS", "COLUMNS"), help="by default 224 or 32, of frames 128"
    )
    how.add_argument(
        "--pooled-stages", type=int, nargs="+", metavar="STAGE", help="stages 0 to 3 of the stem that pool"
    )
    how.add_argument("--normalisation", choices=list(MEANS), help="of the pixels; by default that of the data set")
    how.add_argument("--mean", type=float, nargs="+", help="of each channel, with --std in place of a name")
    how.add_argument("--std", type=float, nargs="+", help="of each channel, with --mean")
    how.add_argument("--white", type=float, help="the pixel that training saw as 1 (default 255)")
    how.add_argument("--threshold", type=float, help="of the neurons (default 1)")
    how.add_argument("--attention-threshold", type=float, help="of the neurons on products of attention (default 0.5)")
    how.add_argument("--attention-scale", type=float, help="factor of Q K^T V (default 0.125, for event cameras 0.25)")
    how.add_argument(
        "--whole-input",
        action="store_true",
        default=None,
        help="neurons that add the input undivided, as in the papers' formulas (spikingjelly: decay_input=False)",
    )
    how.add_argument(
        "--compare",
        metavar="DATA",
        help="hold the integers against the float checkpoint on 'digits' or an .npz (needs torch)",
    )
    how.add_argument("--limit", type=int, metavar="N", help="compare only the first N images")
    how.add_argument("--ema", action="store_true", help="take the moving average of the weights (state_dict_ema)")

    command(commands, "published", list_published, "list the published sizes of every architecture")


def import_checkpoint(options):
    """Turn a float checkpoint into a model file."""
    require_sound(options)
    tests = read_dataset(options.test) if options.test else None
    if options.architecture == OWN:
        imported, comparison, network = None, None, import_own(options)
    else:
        imported, comparison = import_published(options)
        network = imported.network
    if tests:
        images, labels = tests
        require_taken(options.test, network, images[0])
        require_labels(network, labels, options.test)
        network = with_accuracy(network, images, labels)
    write(options.output, lambda path: model_file.save(network, path))
    tell(options, imported, comparison, network)


def require_sound(options):
    """Refuse an output that cannot be written or would overwrite what is read, and a limit of nothing."""
    read = [source for source in (options.checkpoint, options.test, options.compare) if source]
    require_writable(options, read, output=".npz")
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit: expected at least 1, got {options.limit}")
    if options.limit is not None and not options.compare:
        raise InputError("--limit: counts the images of --compare, which is not given")


def import_published(options):
    """Import a checkpoint of a published architecture, and compare it where that was asked for."""
    data = None
    if options.compare:
        import_torch()
        data = [values[: options.limit] for values in read_dataset(options.compare)]
    imported = import_lineage(
        options.architecture,
        options.checkpoint,
        Path(options.output).stem,
        conventions(options),
        ema=options.ema,
        keep=bool(options.compare),
    )
    if data is None:
        return imported, None
    require_taken(options.compare, imported.network, data[0][0])
    return imported, compare(imported, *data)


def import_own(options):
    """Import a checkpoint of refsim's own training, which takes no conventions."""
    given = [name for name in given_conventions(options) if name != "halve_input"]
    given += [name for name in ("ema", "whole_input", "compare") if getattr(options, name)]
    if given:
        option = given[0].replace("_", "-")
        raise InputError(f"--{option}: a checkpoint of {OWN} says itself how it was trained")
    return import_spiking_transformer(options.checkpoint, Path(options.output).stem)


def conventions(options):
    """Return the conventions that the options give; the others have their defaults."""
    return Conventions(**given_conventions(options))


def given_conventions(options):
    """Return the given options that are conventions, by field; lists as tuples."""
    given = {}
    for field in fields(Conventions):
        value = getattr(options, field.name, None)
        if value is not None:
            given[field.name] = tuple(value) if isinstance(value, list) else value
    if options.whole_input:
        given["halve_input"] = False
    return given


def tell(options, imported, comparison, network):
    """Print what was written."""
    size = Path(options.output).stat().st_size
    if options.json:
        report = {} if imported is None else import_json(imported)
        if comparison is not None:
            report["comparison"] = comparison_json(comparison)
        print_json(
            {
                "model": options.output,
                "bytes": size,
                "parameter_count": network.parameter_count,
                **network.provenance,
                **report,
            }
        )
        return
    if imported is not None:
        print("\n".join([*import_text(imported), ""]))
    if comparison is not None:
        print("\n".join([*comparison_text(comparison), ""]))
    print(f"{options.output}: {network.parameter_count:,} integers, {size:,} bytes")


def list_published(options):
    """Print every published size."""
    if options.json:
        print_json(
            {
                name: {**asdict(config), "trained_parameters": config.trained_parameters, "tokens": config.tokens}
                for name, config in PUBLISHED.items()
            }
        )
        return
    print(f"{'name':<34} {'parameters':>10}  {'image':<8} {'tokens':>6}  {'heads':>5}  classes")
    for name, config in PUBLISHED.items():
        image = "x".join(map(str, config.image_size))
        print(
            f"{name:<34} {config.trained_parameters / 1e6:>8.2f} M  {image:<8} {config.tokens:>6}  {config.heads:>5}  "
            f"{config.classes}"
        )
