"""The command that measures: bench."""

import json
import os

from tqdm import tqdm

from refsim.architectures.published import PUBLISHED
from refsim.bench.benchmark import Settings, compare_network
from refsim.bench.growth import growth_points
from refsim.bench.kernels import SHAPES, compare_kernels
from refsim.bench.machine import machine
from refsim.bench.peers import set_threads
from refsim.bench.plot import plot, require_matplotlib
from refsim.bench.results import Report, report_json, report_text
from refsim.bench.timing import measured_ceiling
from refsim.cli.common import command, print_json, require_writable
from refsim.engine.pool import MOST_THREADS
from refsim.errors import ConfigurationError, InputError

RATES = (0.02, 0.05, 0.1, 0.2, 0.4)
DEFAULT_NETWORK = "spikformer-8-384"

CEILING_REPEATS = 51
"""Each takes milliseconds, and the fastest counts."""


def add_bench_command(commands):
    """Describe the command to a parser."""
    added = command(commands, "bench", measure, "time networks at controlled firing rates beside dense floating point")
    added.add_argument(
        "networks", metavar="NETWORK", nargs="*", help=f"published sizes (refsim published; default {DEFAULT_NETWORK})"
    )
    added.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=RATES,
        metavar="RATE",
        help=f"firing rates (default {' '.join(map(str, RATES))})",
    )
    added.add_argument("--repeats", type=int, default=5, metavar="N", help="times of each, in turns (default 5)")
    added.add_argument("--threads", type=int, metavar="N", help="of refsim and PyTorch alike (default: all cores)")
    added.add_argument("--seed", type=int, default=0, help="of weights and image (default 0)")
    added.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="fields of the configurations, as in timesteps=1"
    )
    added.add_argument("--kernels", action="store_true", help="time one linear map in every way; alone, no network")
    added.add_argument("--growth", action="store_true", help="grow rate, image, width and T in turn; NETWORK as base")
    added.add_argument("--plot", metavar="FILE.png", help="draw time and additions a second (needs matplotlib)")


def measure(options):
    """Time what the options ask for."""
    require_sound(options)
    threads = options.threads or os.cpu_count() or 1
    settings = Settings(options.repeats, threads, options.seed)
    set_threads(threads)
    jobs = jobs_of(options, settings)
    ceiling, ceiling_times = measured_ceiling(threads, CEILING_REPEATS)
    comparisons = tuple(job() for job in tqdm(jobs, "bench", unit="comparison", disable=None))
    report = Report(machine(threads), ceiling, ceiling_times, comparisons)
    if options.plot:
        plot(report, options.plot)
    if options.json:
        print_json(report_json(report))
    else:
        print("\n".join(report_text(report)))


def require_sound(options):
    """Refuse what cannot be measured or drawn, before anything runs."""
    for name, least in (("repeats", 1), ("threads", 1), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise InputError(f"--{name}: expected at least {least}, got {value}")
    if options.threads is not None and options.threads > MOST_THREADS:
        raise InputError(f"--threads: expected at most {MOST_THREADS}, got {options.threads}")
    for rate in options.rates:
        if not 0 < rate < 1:
            raise InputError(f"--rates: expected numbers above 0 and below 1, got {rate:g}")
    if options.growth and options.kernels and not options.networks:
        raise InputError("--growth: grows a network, and --kernels alone times none; name a NETWORK")
    if options.set and options.kernels and not options.networks:
        raise InputError("--set: exchanges fields of a network, and --kernels alone times none; name a NETWORK")
    require_writable(options, plot=".png")
    if options.plot:
        require_matplotlib()


def jobs_of(options, settings):
    """Return the comparisons to make, as functions; a fault in a configuration shows before the first one runs."""
    names = options.networks or ([] if options.kernels else [DEFAULT_NETWORK])
    configs = {name: configuration(name, options.set) for name in names}
    jobs = []
    for name, config in configs.items():
        if options.growth:
            middle = sorted(options.rates)[len(options.rates) // 2]
            for point in growth_points(config, options.rates, middle):
                jobs.append(network_job(name, point.config, point.rate, settings, point.axis, point.value))
        else:
            jobs += [network_job(name, config, rate, settings) for rate in options.rates]
    if options.kernels:
        jobs += [kernel_job(shape, rate, settings) for shape in SHAPES for rate in options.rates]
    return jobs


def network_job(name, config, *arguments):
    return lambda: compare_network(name, config, *arguments)


def kernel_job(shape, rate, settings):
    return lambda: compare_kernels(shape, rate, settings.repeats, settings.threads, settings.seed)


def configuration(name, fields):
    """Return the configuration of a published size with the fields of ``--set`` exchanged."""
    if name not in PUBLISHED:
        raise ConfigurationError(f"no published size {name!r}; there are {', '.join(PUBLISHED)}")
    base = PUBLISHED[name]
    return type(base).from_settings({**vars(base), **dict(map(assignment, fields))})


def assignment(text):
    """Read FIELD=VALUE; the value is JSON, or else a word."""
    field, equals, value = text.partition("=")
    if not equals or not field:
        raise InputError(f"--set: expected FIELD=VALUE, got {text!r}")
    try:
        return field, json.loads(value)
    except ValueError:
        return field, value
