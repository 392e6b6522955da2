"""Train a Spiking Transformer: ``python -m refsim.training PRESET --data DATA -o CHECKPOINT``."""

import argparse
import shlex
import sys
from pathlib import Path

import torch

from refsim import model_file
from refsim.architectures.spiking_transformer import PRESETS, SpikingTransformerConfig
from refsim.checkpoints.spiking_transformer import import_spiking_transformer
from refsim.errors import ConfigurationError, RefsimError
from refsim.evaluation import with_accuracy
from refsim.images import read_dataset
from refsim.training.checkpoint import load_twin, save_checkpoint
from refsim.training.data import load_data
from refsim.training.loop import accuracy, train_phase
from refsim.training.neurons import fuse_neurons
from refsim.training.twin import Thresholds, Twin


def arguments():
    parser = argparse.ArgumentParser(prog="python -m refsim.training", description=__doc__)
    parser.add_argument("preset", choices=PRESETS, help="kinds of the neurons in the attention")
    parser.add_argument("--data", default="digits", help="'digits', or an .npz of images and labels to train on")
    parser.add_argument("--test", help="an .npz of images and labels to test on (digits bring their own)")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        help="the checkpoint to write (.safetensors); the model is written beside it (.npz)",
    )
    parser.add_argument("--embedding", type=int, default=64)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--timesteps", type=int, default=4)
    parser.add_argument(
        "--pooled-stages", type=int, nargs="*", help="stem stages that halve the image (by default from its size)"
    )
    parser.add_argument("--neuron-threshold", type=float, default=0.5, help="a power of two")
    parser.add_argument("--attention-threshold", type=float, default=1.0, help="a power of two")
    parser.add_argument("--epochs", type=int, default=60, help="with float weights and BatchNorm")
    parser.add_argument("--rounded-epochs", type=int, default=20, help="with folded weights rounded to int8 steps")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--rounded-learning-rate", type=float, default=2e-4)
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--start", metavar="CHECKPOINT", help="go on from a checkpoint, on rounded weights only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--bfloat16", action="store_true", help="train in mixed precision (faster where supported)")
    parser.add_argument("--fuse", action="store_true", help="compile the neurons (faster; needs a C++ compiler)")
    return parser.parse_args()


def main():
    """Train on float weights, then on rounded ones, and write checkpoint and model."""
    options = arguments()
    if not Path(options.output).absolute().parent.is_dir():
        raise ConfigurationError(f"{Path(options.output).parent}: no such folder to write to")
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.fuse:
        fuse_neurons()
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    train, test = load_data(options.data, options.test)
    if options.start:
        twin, provenance = continued(options)
    else:
        twin, provenance = trained_on_floats(options, train, test, generator)
    rounded = (options.rounded_epochs, options.batch, options.rounded_learning_rate, 0.0)
    train_phase(twin, train.images, train.labels, *rounded, generator, "rounded", options.bfloat16)
    provenance["accuracy_twin"] = accuracy(twin.double(), test.images, test.labels)
    print(f"rounded accuracy {provenance['accuracy_twin']:.4f}", flush=True)
    save_checkpoint(options.output, twin, provenance)
    export(Path(options.output), options.data if options.test is None else options.test)


def command_line():
    return "python -m refsim.training " + shlex.join(sys.argv[1:])


def trained_on_floats(options, train, test, generator):
    """Return a new twin after the first phase, folded, with its provenance; its checkpoint is written."""
    config = SpikingTransformerConfig.preset(
        options.preset,
        image_size=tuple(train.images.shape[2:]),
        channels=train.images.shape[1],
        classes=int(train.labels.max()) + 1,
        embedding=options.embedding,
        depth=options.depth,
        heads=options.heads,
        timesteps=options.timesteps,
        pooled_stages=None if options.pooled_stages is None else tuple(options.pooled_stages),
    )
    twin = Twin(config, Thresholds(options.neuron_threshold, options.attention_threshold))
    phase = (options.epochs, options.batch, options.learning_rate, options.weight_decay)
    train_phase(twin, train.images, train.labels, *phase, generator, "float", options.bfloat16)
    float_accuracy = accuracy(twin, test.images, test.labels)
    print(f"float accuracy {float_accuracy:.4f}", flush=True)
    provenance = {
        "command": command_line(),
        "seed": options.seed,
        "data": options.data,
        "accuracy_float": float_accuracy,
    }
    save_checkpoint(options.output, twin.fold(), provenance)
    return twin, provenance


def continued(options):
    """Return the twin of a checkpoint, to go on training its rounded weights, with its provenance."""
    twin, provenance = load_twin(options.start)
    kinds = {name: getattr(twin.config, name) for name in PRESETS[options.preset]}
    if kinds != PRESETS[options.preset]:
        raise ConfigurationError(f"{options.start}: is not of the preset {options.preset}, but {kinds}")
    started = f"{provenance['command']} && {command_line()}"
    return twin.float(), {**provenance, "command": started, "seed": options.seed, "data": options.data}


def export(checkpoint, test):
    """Write the integer model beside its checkpoint, with its own accuracy in it."""
    network = with_accuracy(import_spiking_transformer(checkpoint, checkpoint.stem), *read_dataset(test))
    model_file.save(network, checkpoint.with_suffix(".npz"))
    print(f"refsim accuracy {network.provenance['accuracy_refsim']:.4f}: {checkpoint.with_suffix('.npz')}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except RefsimError as error:
        print(f"refsim.training: error: {error}", file=sys.stderr)
        sys.exit(2)
