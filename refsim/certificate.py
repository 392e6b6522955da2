"""The certificate: that a model ran without a multiplication of data, and on what evidence."""

import hashlib
import json
from dataclasses import dataclass

from refsim.kernels.witness import witnessed
from refsim.model_file import content_hash
from refsim.network import Network
from refsim.simulator import Result, run


@dataclass(frozen=True, eq=False)
class Certificate:
    """Evidence on one model on one machine.

    Attributes
    ----------
    network : Network
        Its intervals are the proof that no register overflows.
    reports : tuple of KernelReport
        Proofs of exactly the machine code that ran, all passed.
    """

    network: Network
    reports: tuple

    @property
    def id(self):
        """One SHA-256 over the model, the numerics, the range proof and the machine code of every kernel."""
        evidence = {
            "numerics": self.network.numerics,
            "model": content_hash(self.network),
            "ranges": {site: [*signal.interval, signal.bits] for site, signal in self.network.signals.items()},
            "kernels": [[report.name, report.signature, report.code_hash] for report in self.reports],
        }
        return hashlib.sha256(json.dumps(evidence, sort_keys=True).encode()).hexdigest()


def certified_run(network, image, record=(), threads=None, engine="fast"):
    """Run a network as `simulator.run` does, and certify it.

    A site that is recorded must be computed by itself: a run that records may take other kernels than one that does
    not, and so have another certificate.

    Returns
    -------
    result : Result
    certificate : Certificate

    Raises
    ------
    MultiplicationError
        Before the first result, if the proof of any kernel fails.
    """
    with witnessed() as reports:
        result: Result = run(network, image, record, threads, engine)
    return result, Certificate(network, tuple(reports[key] for key in sorted(reports)))
