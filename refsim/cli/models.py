"""The commands on models and kernels: demo, run, eval, inspect, audit."""

import sys
from contextlib import redirect_stdout

import numpy as np
from PIL import Image

from refsim import audit_kernel, load
from refsim.certificate import certified_run
from refsim.cli.common import command, print_json, require_writable, write
from refsim.dataset import read_dataset
from refsim.errors import InputError, MultiplicationError
from refsim.evaluation import count_correct, require_labels
from refsim.events import SPLITS
from refsim.golden.doors.python import load_function
from refsim.images import read_input, require_taken
from refsim.ops import Context, Tokens
from refsim.render import attention_picture, raster_picture, spiking_image
from refsim.report import (
    audit_json,
    audit_text,
    inspect_json,
    inspect_text,
    kernel_json,
    picture_text,
    run_json,
    run_text,
    violation_text,
)
from refsim.shipped import load_digits, model_names
from refsim.simulator import interpret, match_sites

DEMO_MODEL = "digits-a2os2a"

FIT_ADVICE = ", or add --fit to have it turned upright, its pixels converted and its size changed"


def add_model_commands(commands):
    """Describe the commands to a parser."""
    models = f"a model file, or one that comes with refsim: {', '.join(model_names())}"

    demo = command(commands, "demo", demonstrate, "classify one of the embedded handwritten digits")
    demo.add_argument("--index", type=int, default=0, help="which of the 360 held-out digits (default 0)")
    demo.add_argument("--digit", metavar="FILE.png", help="write the digit itself, an image for `refsim run`")
    add_pictures(demo)

    single = command(commands, "run", run_image, "classify an image, or the events of a camera")
    single.add_argument("model", metavar="MODEL", help=models)
    single.add_argument(
        "image",
        metavar="IMAGE",
        help="an image file; for models of spike frames an .npy of them, or an .npz of events (t, x, y, p)",
    )
    single.add_argument("--fit", action="store_true", help="resize the image and convert its colours to what is taken")
    single.add_argument(
        "--split",
        choices=SPLITS,
        help="gather events into frames of equally many (number, the default), or equally long",
    )
    single.set_defaults(digit=None)
    add_pictures(single)

    evaluation = command(commands, "eval", evaluate, "measure accuracy on labelled images")
    evaluation.add_argument("model", metavar="MODEL", help=models)
    evaluation.add_argument(
        "--data", default="digits", help="an .npz with images or frames, and labels; or 'digits' (default)"
    )
    evaluation.add_argument("--limit", type=int, metavar="N", help="only the first N images")

    inspection = command(
        commands, "inspect", inspect, "print every site: operator, shape, worst case, bits, parameters"
    )
    inspection.add_argument("model", metavar="MODEL", help=models)

    proof = command(commands, "audit", audit, "prove that nothing multiplies: kernels, ranges, census, certificate")
    subject = proof.add_mutually_exclusive_group()
    subject.add_argument("model", metavar="MODEL", nargs="?", help=f"{models} (default: all that come with refsim)")
    subject.add_argument(
        "--interpret", nargs=2, metavar=("MODEL", "IMAGE"), help="run on integers that cannot multiply"
    )
    subject.add_argument(
        "--show", metavar="MODULE:FUNCTION", help="audit a numba function of yours, and show each path"
    )


def add_pictures(added):
    added.add_argument("--raster", metavar="FILE.png", help="draw the spikes: time across, neurons down")
    added.add_argument(
        "--sites", nargs="+", metavar="SITE", help="sites of the raster; * matches any (default: all neurons)"
    )
    added.add_argument("--attention", metavar="FILE.png", help="draw the attention maps over the image")


def demonstrate(options):
    """Classify an embedded digit."""
    network = load(DEMO_MODEL)
    images, labels = load_digits("test")
    if not 0 <= options.index < len(images):
        raise InputError(f"--index: expected 0 to {len(images) - 1}, got {options.index}")
    image, label = images[options.index], int(labels[options.index])
    result, certificate = run_with_pictures(network, image[..., None], options)
    if options.digit:
        write(options.digit, Image.fromarray(image).save)
    if options.json:
        print_json({**run_json(network, result, certificate), "expected": label})
        return
    lines = [f"{DEMO_MODEL} on held-out digit {options.index}, a handwritten {label}", "", *picture_text(image), ""]
    print("\n".join(lines + run_text(network, result, certificate)))


def run_image(options):
    """Classify an image file."""
    network = load(options.model)
    require_options_taken(options, network)
    image = read_input(options.image, network, options.fit, FIT_ADVICE, options.split or SPLITS[0])
    result, certificate = run_with_pictures(network, image, options, read=(options.model, options.image))
    if options.json:
        print_json(run_json(network, result, certificate))
    else:
        print("\n".join([f"{network.name} on {options.image}", "", *run_text(network, result, certificate)]))


def require_options_taken(options, network):
    """Refuse options of images where a network takes spike frames, and those of events where it takes images."""
    if options.split and network.input.is_static:
        raise InputError(f"--split: is of events, and {network.name} takes images")
    if options.fit and not network.input.is_static:
        raise InputError(f"--fit: is of images, and {network.name} takes spike frames")


def run_with_pictures(network, image, options, read=()):
    """Run and certify a network, and draw what the options ask for, not over the files that are read."""
    require_writable(options, read, raster=".png", attention=".png", digit=".png")
    if options.sites and options.raster is None:
        raise InputError("--sites: are those of a raster; name its file with --raster FILE.png")
    raster_sites = match_sites(network, options.sites or neuron_sites(network)) if options.raster else []
    map_sites = attention_map_sites(network) if options.attention else []
    result, certificate = certified_run(network, image, record=[*raster_sites, *map_sites])
    if options.raster:
        write(options.raster, raster_picture({site: result.trace[site] for site in raster_sites}).save)
    if options.attention:
        maps = {site: result.trace[site] for site in map_sites}
        ground = (image, "image") if network.input.is_static else (spiking_image(image), "spikes")
        write(options.attention, attention_picture(ground[0], maps, token_grid(network), ground[1]).save)
    return result, certificate


def neuron_sites(network):
    return [node.name for node in network.nodes if node.operator.is_neuron]


def attention_map_sites(network):
    """Return the sites that gather V: attention weights, or scores where there is no neuron on them."""
    sites = [node.inputs[0] for node in network.nodes if isinstance(node.operator, Context)]
    if not sites:
        raise InputError(f"--attention: {network.name} has no attention with a map of tokens by tokens to draw")
    return sites


def token_grid(network):
    """Return the rows and columns of tokens."""
    tokens = next(node for node in network.nodes if isinstance(node.operator, Tokens))
    return network.input_signals(tokens)[0].shape[:2]


def evaluate(options):
    """Measure accuracy, images side by side on all cores."""
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit: expected at least 1, got {options.limit}")
    network = load(options.model)
    images, labels = read_dataset(options.data)
    images, labels = images[: options.limit], labels[: options.limit]
    require_data_taken(options.data, network, images[0])
    require_labels(network, labels, options.data)
    correct, seconds = count_correct(network, images, labels)
    rate = len(images) / seconds
    if options.json:
        outcome = {"accuracy": correct / len(images), "correct": correct, "total": len(images)}
        print_json({"model": network.name, "data": options.data, **outcome, "images_per_second": rate})
    else:
        print(f"{network.name} on {options.data}: {correct} of {len(images)} right, {correct / len(images):.2%}")
        print(f"{rate:.1f} images a second")


def require_data_taken(source, network, image):
    """Refuse images that a network does not take; where they are the digits, which need no option, name the option."""
    try:
        require_taken(source, network, image)
    except InputError as error:
        if source != "digits" or not network.input.is_static:
            raise
        raise InputError(f"{error}: give images of its own size with --data FILE.npz") from None


def inspect(options):
    """Print every site of a model."""
    network = load(options.model)
    if options.json:
        print_json(inspect_json(network))
    else:
        print("\n".join(inspect_text(network)))


def audit(options):
    """Prove that nothing multiplies, on machine code or on counting integers."""
    if options.interpret is not None:
        audit_by_interpretation(*options.interpret, options)
    elif options.show is not None:
        audit_function(options)
    else:
        names = [options.model] if options.model else model_names()
        outcomes = [certified_run(network, blank(network)) for network in map(load, names)]
        if options.json:
            audits = [audit_json(certificate, result) for result, certificate in outcomes]
            print_json(audits[0] if options.model else audits)
        else:
            print("\n\n".join("\n".join(audit_text(certificate, result)) for result, certificate in outcomes))


def blank(network):
    """Return an input of zeros."""
    shape = network.input.shape if network.input.is_static else (network.timesteps, *network.input.shape)
    return np.zeros(shape, network.input.signal.dtype)


def audit_by_interpretation(model, image, options):
    """Run a model on the kernels' Python source, and hold value and census against the machine code."""
    network = load(model)
    values = read_input(image, network)
    compiled, certificate = certified_run(network, values)
    interpreted = interpret(network, values)
    agree = (
        interpreted.census_by_site == compiled.census_by_site
        and interpreted.logits.tolist() == compiled.logits.tolist()
    )
    if not agree:
        raise MultiplicationError(f"{network.name}: machine code and Python source differ in census or logits")
    if options.json:
        print_json(run_json(network, interpreted, certificate))
    else:
        print(
            f"{network.name}: every operation on integers that cannot multiply; logits and census of every site equal"
        )
        print("\n".join(run_text(network, interpreted, certificate)))


def audit_function(options):
    """Audit somebody's numba function; leave with an error where it is refused."""
    with redirect_stdout(sys.stderr):  # What the module prints is no part of the report.
        function = load_function(options.show)
    reports = audit_kernel(function).specialisations
    if options.json:
        print_json([kernel_json(report) for report in reports])
    else:
        print("\n\n".join("\n".join(violation_text(report)) for report in reports))
    reasons = [violation.reason for report in reports for violation in report.violations]
    if reasons:
        raise MultiplicationError(f"{options.show}: {reasons[0]}")
