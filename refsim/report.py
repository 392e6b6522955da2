"""What a person and what a program reads of a run: text and JSON."""

import math
import textwrap
from dataclasses import asdict

from refsim.audit.advice import advice
from refsim.energy import energy
from refsim.network import INPUT_SITE

SHADES = " ░▒▓█"
LEVELS = "▁▂▃▄▅▆▇█"
BEST_LOGITS = 5


def firing_rates(network, result):
    """Return the share of neurons that fire, at each timestep, by site.

    Parameters
    ----------
    network : Network
    result : Result
        Of a run of it.

    Returns
    -------
    rates : dict of list of float by site
    """
    return {
        site: [int(count) / math.prod(network.signals[site].shape) for count in counts]
        for site, counts in result.spike_counts.items()
    }


def run_json(network, result, certificate):
    """Return the outcome of a certified run for a program."""
    estimate = energy(network, result.census)
    rates = firing_rates(network, result)
    return {
        "model": network.name,
        "numerics": network.numerics,
        "label": result.label,
        "logits": result.logits.tolist(),
        "logit_denominator": result.logit_denominator,
        "census": asdict(result.census),
        "firing_rates": {site: sum(by_timestep) / len(by_timestep) for site, by_timestep in rates.items()},
        "energy_pj": estimate.adds_pj,
        "dense_macs": estimate.dense_macs,
        "dense_energy_pj": estimate.dense_pj,
        "certificate": certificate.id,
        "recorded_sites": list(result.trace),
    }


def run_text(network, result, certificate):
    """Return the outcome of a certified run for a person, as lines."""
    estimate = energy(network, result.census)
    order = sorted(range(len(result.logits)), key=lambda label: (-result.logits[label], label))[:BEST_LOGITS]
    lines = [f"label {result.label}", "", f"best logits (integers over {result.logit_denominator})"]
    for label in order:
        logit = int(result.logits[label])
        lines.append(f"  {label:>4}  {logit:>12,}  {logit / result.logit_denominator:>9.4f}")
    lines += ["", f"firing rates (mean, and over the {network.timesteps} timesteps)"]
    for site, by_timestep in firing_rates(network, result).items():
        mean = sum(by_timestep) / len(by_timestep)
        lines.append(f"  {site:<26} {mean:>6.1%}  {''.join(level(rate) for rate in by_timestep)}")
    lines += ["", "operations on data"]
    lines += [f"  {kind:<10} {count:>15,}" for kind, count in asdict(result.census).items()]
    lines += [
        "",
        f"energy at 45 nm   {estimate.adds_pj / 1e6:.3f} uJ for the additions (0.9 pJ each)",
        f"a dense network   {estimate.dense_pj / 1e6:.3f} uJ for one pass of {estimate.dense_macs:,} "
        "multiply-accumulates (4.6 pJ each)",
        "",
        *evidence_text(result, certificate),
    ]
    return lines


def evidence_text(result, certificate):
    """Return the certificate of a run, and whether it is that of the audit, which records no sites, as lines."""
    name = f"certificate {certificate.id}"
    kernels = f"  {len(certificate.reports)} kernels, 0 multiplications of data in their machine code"
    if not result.trace:
        return [name, f"{kernels} (refsim audit)"]
    recorded = (
        f"  sites recorded: {len(result.trace)}; refsim audit records none, its kernels and certificate may differ"
    )
    return [name, kernels, recorded]


def audit_json(certificate, result):
    """Return the evidence on a model for a program."""
    network = certificate.network
    return {
        "model": network.name,
        "numerics": network.numerics,
        "certificate": certificate.id,
        "kernels": [kernel_json(report) for report in certificate.reports],
        "census": asdict(result.census),
        "census_by_site": {
            node.name: {"operator": node.operator.kind(), **asdict(result.census_by_site[node.name])}
            for node in network.nodes
        },
        "ranges": {site: form(signal) for site, signal in network.signals.items()},
    }


def kernel_json(report):
    """Return the verdict on a kernel for a program."""
    violations = [{**asdict(violation), "advice": advice(violation)} for violation in report.violations]
    counts = {"passed": report.passed, "data_multiplications": report.data_multiplications}
    return {**asdict(report), **counts, "violations": violations}


def audit_text(certificate, result):
    """Return the evidence on a model for a person, as lines."""
    network, reports = certificate.network, certificate.reports
    widest = max(network.signals, key=lambda site: network.signals[site].bits)
    return [
        f"{network.name}: {network.numerics}, LLVM {reports[0].llvm_version}, {reports[0].cpu}",
        f"certificate {certificate.id}",
        "",
        f"{'kernel':<50} {'machine code':<14} {'instructions':>12} {'multiplications of':>22}  verdict",
        f"{'':<50} {'SHA-256':<14} {'':>12} {'addresses':>15} {'data':>6}",
        *map(kernel_row, reports),
        "",
        f"range proof: no register can overflow at any of {len(network.signals)} sites; the widest is {widest}, "
        f"{network.signals[widest].bits} bits (refsim inspect)",
        "",
        f"{'census of one run on a blank input':<49} "
        f"{'adds':>12} {'compares':>11} {'shifts':>9} {'selects':>9} {'logic':>7}",
        *(census_row(node.name, node.operator.kind(), result.census_by_site[node.name]) for node in network.nodes),
        census_row("all", "", result.census),
        f"multiplies {result.census.multiplies}",
    ]


def kernel_row(report):
    return (
        f"{report.name:<50} {report.code_hash[:12]:<14} {report.instructions:>12,} "
        f"{report.address_multiplications:>15} {report.data_multiplications:>6}  {verdict(report)}"
    )


def census_row(site, operator, census):
    counts = f"{census.adds:>12,} {census.compares:>11,} {census.shifts:>9,} {census.selects:>9,} {census.logic:>7,}"
    return f"  {site:<34} {operator:<12}{counts}"


def violation_text(report):
    """Return the verdict on somebody's kernel for a person, with the path of each violation and what to write instead, as lines."""
    lines = [
        f"{report.name} {report.signature}: {verdict(report)}, "
        f"{report.address_multiplications} multiplications of addresses"
    ]
    for violation in report.violations:
        lines += ["", f"{place(violation.line)}{violation.reason}"]
        path = violation.path or ((None, violation.instruction),)
        lines += [f"    {place(line)}{instruction}" for line, instruction in path if instruction]
    for line, text in dict.fromkeys((violation.line, advice(violation)) for violation in report.violations):
        lines += ["", *textwrap.wrap(f"{place(line)}{text}", 110)] if text else []
    return lines


def verdict(report):
    return "passed" if report.passed else "refused"


def place(line):
    return "" if line is None else f"line {line}: "


def level(rate):
    """Return a bar whose height stands for a rate."""
    return LEVELS[min(len(LEVELS) - 1, int(rate * len(LEVELS)))]


def picture_text(image):
    """Return a small image as lines of shades, two characters a pixel.

    Parameters
    ----------
    image : ndarray of uint8, shape (Y, X) or (Y, X, C)
    """
    rows = image.reshape(*image.shape[:2], -1).max(axis=2).tolist()
    return ["  " + "".join(SHADES[pixel * (len(SHADES) - 1) // 255] * 2 for pixel in row) for row in rows]


def inspect_json(network):
    """Return every site of a network for a program, in order of computation."""
    sites = [{"site": INPUT_SITE, "operator": "Input", **form(network.signals[INPUT_SITE]), "parameters": {}}]
    for node in network.nodes:
        settings = node.operator.settings()
        widths = {name.removesuffix("_bits"): settings.pop(name) for name in list(settings) if name.endswith("_bits")}
        arrays = {name: f"{array.dtype} {array.shape}" for name, array in node.operator.parameters().items()}
        output = form(network.signals[node.name], widths.get("accumulator"))
        sites.append({"site": node.name, "operator": node.operator.kind(), **output, "parameters": arrays | settings})
        if node.register_site is not None:
            register = form(network.signals[node.register_site], *widths.values())
            sites.append({"site": node.register_site, "operator": "register", **register, "parameters": {}})
    return {
        "model": network.name,
        "numerics": network.numerics,
        "timesteps": network.timesteps,
        "input": network.input.kind,
        "parameter_count": network.parameter_count,
        "logit_denominator": network.logit_denominator,
        "provenance": network.provenance,
        "sites": sites,
    }


def form(signal, declared_bits=None):
    """Return shape, type, worst case, and the bits needed and declared of a site; a spike or pixel has its type's."""
    low, high = signal.interval
    declared_bits = 8 * signal.dtype.itemsize if declared_bits is None else declared_bits
    widths = {"bits": signal.bits, "declared_bits": declared_bits}
    return {"shape": list(signal.shape), "dtype": signal.dtype.name, "low": low, "high": high, **widths}


def inspect_text(network):
    """Return every site of a network for a person, as lines."""
    description = inspect_json(network)
    lines = [
        f"{network.name}: {network.parameter_count:,} integers, {network.timesteps} timesteps, "
        f"{network.input.kind} input {network.input.shape}, {network.classes} classes, {network.numerics}",
        *(f"  {name}: {value}" for name, value in sorted(network.provenance.items())),
        "",
        f"{'site':<34} {'operator':<12} {'shape':<14} {'worst case':<26} {'bits':<9} parameters",
    ]
    for site in description["sites"]:
        shape = "x".join(map(str, site["shape"]))
        worst = f"[{site['low']:,}, {site['high']:,}]"
        parameters = ", ".join(f"{name}={value}" for name, value in site["parameters"].items())
        lines.append(
            f"{site['site']:<34} {site['operator']:<12} {shape:<14} {worst:<26} "
            f"{site['bits']:>2} of {site['declared_bits']} {parameters}"
        )
    return lines
