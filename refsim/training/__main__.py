"""Train a Spiking Transformer: ``python -m refsim.training PRESET --data DATA -o CHECKPOINT``."""

import argparse
import functools
import math
import os
import shlex
import sys
from pathlib import Path

import torch

from refsim import model_file
from refsim.__main__ import INTERRUPTED
from refsim.architectures.spiking_transformer import PRESETS, SpikingTransformerConfig
from refsim.checkpoints.spiking_transformer import import_spiking_transformer
from refsim.dataset import read_dataset
from refsim.engine.pool import MOST_THREADS
from refsim.errors import ConfigurationError, InputError, RefsimError
from refsim.evaluation import with_accuracy
from refsim.training.checkpoint import load_twin, save_checkpoint
from refsim.training.data import image_text, load_data, require_classes, require_kind
from refsim.training.loop import accuracy, train_phase
from refsim.training.neurons import fuse_neurons
from refsim.training.twin import Thresholds, Twin

LARGEST_SEED = 2**63 - 1


def arguments():
    """Return what the command line says; ``given``, which of the options of a new network it names."""
    parser = argparse.ArgumentParser(prog="python -m refsim.training", description=__doc__)
    parser.add_argument("preset", choices=PRESETS, help="kinds of the neurons in the attention")
    parser.add_argument(
        "--data",
        default="digits",
        help="'digits', or an .npz to train on: images uint8 (n, Y, X) or (n, Y, X, C), or spike frames int8 "
        "(n, T, Y, X, C), and labels (n,) from 0 (default %(default)s)",
    )
    parser.add_argument("--test", help="such an .npz to test on (default: the held-out digits, with --data digits)")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        help="the checkpoint to write (.safetensors); the model is written beside it (.npz)",
    )
    add(parser, "--rounded-epochs", int, 20, "with folded weights rounded to int8 steps")
    add(parser, "--batch", int, 64, "images a step; what is left over of an epoch is left out")
    add(parser, "--rounded-learning-rate", float, 2e-4, "of the rounded epochs")
    parser.add_argument("--start", metavar="CHECKPOINT", help="go on from a checkpoint, on rounded weights only")
    add(parser, "--seed", int, 0, "of weights, order and distortions")
    parser.add_argument("--threads", type=int, help="of PyTorch (default: as PyTorch chooses)")
    parser.add_argument("--bfloat16", action="store_true", help="train in mixed precision (faster where supported)")
    parser.add_argument("--fuse", action="store_true", help="compile the neurons (faster; needs a C++ compiler)")
    new = add_new_network(parser.add_argument_group("of a new network, and so not with --start"))
    # What stands there already argparse leaves alone, so that an option named is told from one that was not.
    options = parser.parse_args(namespace=argparse.Namespace(**dict.fromkeys(new)))
    options.given = [name for name in new if getattr(options, name) is not None]
    for name in new.keys() - options.given:
        setattr(options, name, new[name])
    return options


def add_new_network(group):
    """Describe the options that a checkpoint to go on from has answered; return their defaults by name."""
    added = (
        add(group, "--embedding", int, 64, "channels of a token; a multiple of 8 and of the heads"),
        add(group, "--depth", int, 2, "blocks"),
        add(group, "--heads", int, 4, "of the attention"),
        add(group, "--timesteps", int, 4, "for which an image is shown; of spike frames as many as there are"),
        group.add_argument(
            "--pooled-stages",
            type=int,
            nargs="*",
            metavar="STAGE",
            help="stages 0 to 3 of the stem that halve the image (default: from its size)",
        ),
        add(group, "--neuron-threshold", float, 0.5, "of all other neurons; a power of two"),
        add(group, "--attention-threshold", float, 1.0, "of the neurons on products of attention; a power of two"),
        add(group, "--epochs", int, 60, "with float weights and BatchNorm"),
        add(group, "--learning-rate", float, 2e-3, "of the epochs on float weights"),
        add(group, "--weight-decay", float, 0.02, "of the epochs on float weights"),
    )
    return {argument.dest: argument.default for argument in added}


def add(group, name, kind, default, meaning):
    """Describe an option of one number, with what it is by default."""
    letter = "N" if kind is int else "X"
    text = f"{meaning} (default %(default)s)"
    return group.add_argument(name, type=kind, default=default, metavar=letter, help=text)


def main():
    """Train on float weights, then on rounded ones, and write checkpoint and model."""
    options = arguments()
    require_output(options)
    require_numbers(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.fuse:
        fuse_neurons()
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    train, test = load_data(options.data, options.test)
    if options.batch > len(train.images):
        raise ConfigurationError(
            f"--batch: expected at most {len(train.images)}, the images of {options.data}, got {options.batch}"
        )
    if options.start:
        twin, provenance = continued(options, train)
    else:
        require_classes(options.data, train.labels)
        twin, provenance = trained_on_floats(options, train, test, generator)
    rounded = (options.rounded_epochs, options.batch, options.rounded_learning_rate, 0.0)
    train_phase(twin, train.images, train.labels, *rounded, generator, "rounded", options.bfloat16, log())
    provenance["accuracy_twin"] = accuracy(twin.double(), test.images, test.labels)
    print(f"rounded accuracy {provenance['accuracy_twin']:.4f}", flush=True)
    save_checkpoint(options.output, twin, provenance)
    export(Path(options.output), options.data if options.test is None else options.test)


def require_output(options):
    """Refuse names under which checkpoint or model could not be written, or would overwrite what is read."""
    output, folder = Path(options.output), Path(options.output).absolute().parent
    if not folder.is_dir():
        raise ConfigurationError(f"{output.parent}: no such folder to write to")
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(f"{output.parent}: a folder that may not be written to")
    if output.suffix != ".safetensors":
        raise ConfigurationError(f"{output}: expected the name of a .safetensors file; the model is written beside it")
    for path in (output, output.with_suffix(".npz")):
        if path.is_dir():
            raise ConfigurationError(f"{path}: is a directory, expected the name of a file to write")
        for source in filter(None, (options.data, options.test)):
            if path.exists() and Path(source).exists() and path.samefile(source):
                raise ConfigurationError(f"{path}: holds the images, and would be lost: give another name with -o")


def require_numbers(options):
    """Refuse numbers with which no training is possible, and those that would not be used."""
    if options.start and options.given:
        raise ConfigurationError(
            f"{', '.join(map(option, options.given))}: of a new network; --start goes on with the one of {options.start}"
        )
    for name in ("epochs", "rounded_epochs", "batch", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ConfigurationError(f"{option(name)}: expected at least 1, got {value}")
    if options.threads is not None and options.threads > MOST_THREADS:
        raise ConfigurationError(f"--threads: expected at most {MOST_THREADS}, got {options.threads}")
    for name in ("learning_rate", "rounded_learning_rate"):
        if not 0 < getattr(options, name) < math.inf:
            raise ConfigurationError(f"{option(name)}: expected a number above 0, got {getattr(options, name)}")
    if not 0 <= options.weight_decay < math.inf:
        raise ConfigurationError(f"--weight-decay: expected a number of at least 0, got {options.weight_decay}")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise ConfigurationError(f"--seed: expected 0 to {LARGEST_SEED}, got {options.seed}")


def option(name):
    return "--" + name.replace("_", "-")


def command_line():
    return "python -m refsim.training " + shlex.join(sys.argv[1:])


def trained_on_floats(options, train, test, generator):
    """Return a new twin after the first phase, folded, with its provenance; its checkpoint is written."""
    config = SpikingTransformerConfig.preset(
        options.preset,
        image_size=tuple(train.images.shape[-2:]),
        channels=train.images.shape[-3],
        classes=int(train.labels.max()) + 1,
        input=train.kind,
        embedding=options.embedding,
        depth=options.depth,
        heads=options.heads,
        timesteps=timesteps_of(options, train),
        pooled_stages=None if options.pooled_stages is None else tuple(options.pooled_stages),
    )
    twin = Twin(config, Thresholds(options.neuron_threshold, options.attention_threshold))
    phase = (options.epochs, options.batch, options.learning_rate, options.weight_decay)
    train_phase(twin, train.images, train.labels, *phase, generator, "float", options.bfloat16, log())
    float_accuracy = accuracy(twin, test.images, test.labels)
    provenance = {
        "command": command_line(),
        "seed": options.seed,
        "data": options.data,
        "accuracy_float": float_accuracy,
    }
    save_checkpoint(options.output, twin.fold(), provenance)
    print(f"float accuracy {float_accuracy:.4f}: {options.output}, from which --start goes on", flush=True)
    return twin, provenance


def timesteps_of(options, train):
    """Return the timesteps of a new network: those of its frames, or those asked for."""
    if train.kind == "image":
        return options.timesteps
    frames = train.images.shape[1]
    if "timesteps" in options.given and options.timesteps != frames:
        raise ConfigurationError(f"--timesteps: {options.data} holds {frames} frames, got {options.timesteps}")
    return frames


def log():
    """Return what tells of each epoch where there is no terminal, and so no progress bar; else None."""
    return None if sys.stderr.isatty() else functools.partial(print, flush=True)


def continued(options, train):
    """Return the twin of a checkpoint, to go on training its rounded weights, with its provenance."""
    twin, provenance = load_twin(options.start)
    kinds = {name: getattr(twin.config, name) for name in PRESETS[options.preset]}
    if kinds != PRESETS[options.preset]:
        raise ConfigurationError(f"{options.start}: is not of the preset {options.preset}, but {kinds}")
    require_fitting(options, twin.config, train)
    started = f"{provenance['command']} && {command_line()}"
    return twin.float(), {**provenance, "command": started, "seed": options.seed, "data": options.data}


def require_fitting(options, config, train):
    """Refuse a checkpoint of another kind or size of image than those to train on, or of fewer classes."""
    taken, shape = (config.channels, *config.image_size), tuple(train.images.shape[1:])
    if config.input != "image":
        taken = (config.timesteps, *taken)
    if taken != shape:
        raise InputError(f"{options.start}: takes {image_text(taken)}, {options.data} holds {image_text(shape)}")
    require_kind(options.data, train, options.start, config.input)
    if int(train.labels.max()) >= config.classes:
        raise InputError(
            f"{options.data}: labels: expected 0 to {config.classes - 1}, the classes of {options.start}, "
            f"got {int(train.labels.max())}"
        )


def export(checkpoint, test):
    """Write the integer model beside its checkpoint, with its own accuracy in it."""
    network = with_accuracy(import_spiking_transformer(checkpoint, checkpoint.stem), *read_dataset(test))
    model = checkpoint.with_suffix(".npz")
    try:
        model_file.save(network, model)
    except OSError as error:
        raise InputError(f"{model}: cannot be written: {error.strerror}") from error
    print(f"refsim accuracy {network.provenance['accuracy_refsim']:.4f}: {model}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("refsim.training: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except RefsimError as error:
        print(f"refsim.training: error: {error}", file=sys.stderr)
        sys.exit(2)
