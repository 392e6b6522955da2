"""What a person and a program read of a run, and the energy in it."""

import numpy as np
import pytest
from strategies import seeded_network

from refsim.audit.census import Census
from refsim.certificate import certified_run
from refsim.energy import energy
from refsim.report import firing_rates, picture_text, run_json, run_text


@pytest.fixture(scope="module")
def outcome():
    """A network, one run of it and its certificate."""
    network = seeded_network()
    return network, *certified_run(network, np.arange(64, dtype=np.uint8).reshape(8, 8), record="*")


def test_energy_is_that_of_the_model():
    """0.9 pJ an addition; the dense network's products counted by hand for the head: 16 tokens summed, 16 to 4."""
    network = seeded_network()
    estimate = energy(network, Census(adds=1000, compares=5))
    assert 900.0 == pytest.approx(estimate.adds_pj)
    convolutions = 64 * 9 * (1 * 2 + 2 * 4 + 4 * 8 + 8 * 16) + 16 * 9 * 16 * 16
    block = 16 * (4 * 16 * 16 + 2 * 16 * 64) + 2 * 16 * 16 * 16
    assert convolutions + block + 16 * 4 == estimate.dense_macs
    assert 4.6 * estimate.dense_macs == pytest.approx(estimate.dense_pj)


def test_firing_rates_are_the_share_of_spikes(outcome):
    """Counted again from the trace."""
    network, result, _ = outcome
    for site, rates in firing_rates(network, result).items():
        assert [(spikes != 0).mean() for spikes in result.trace[site]] == pytest.approx(rates)


def test_text_and_json_agree(outcome):
    """The same label, logits and counts."""
    text, data = "\n".join(run_text(*outcome)), run_json(*outcome)
    assert f"label {data['label']}" in text
    assert f"{max(data['logits']):,}" in text and f"{data['census']['adds']:,}" in text
    assert all(f"{rate:.1%}" in text for rate in data["firing_rates"].values())


def test_a_run_that_records_sites_is_not_said_to_have_the_certificate_of_the_audit(outcome):
    """Other kernels compute what is recorded; text and JSON tell of it. The audit records nothing."""
    network, result, certificate = outcome
    plain = certified_run(network, np.zeros((8, 8), np.uint8))
    assert plain[1].id != certificate.id
    assert run_text(network, *plain)[-1].endswith(" in their machine code (refsim audit)")
    lines = run_text(network, result, certificate)
    assert f"certificate {certificate.id}" == lines[-3] and "(refsim audit)" not in "".join(lines)
    assert f"  sites recorded: {len(network.signals)}; refsim audit records none" == lines[-1].partition(", its")[0]
    assert [] == run_json(network, *plain)["recorded_sites"]
    assert list(network.signals) == run_json(network, result, certificate)["recorded_sites"]


def test_best_logits_come_first_and_ties_by_class(outcome):
    """Largest first; of equal ones the lowest class (N15)."""
    from dataclasses import replace

    network, result, certificate = outcome
    lines = run_text(network, replace(result, logits=np.array([3, 9, 3, 9])), certificate)
    start = next(place for place, line in enumerate(lines) if line.startswith("best logits"))
    assert ["1", "3", "0", "2"] == [line.split()[0] for line in lines[start + 1 : start + 5]]


def test_a_picture_in_text():
    """Black to white in five shades, two characters a pixel."""
    assert ["    ░░▒▒▓▓██"] == picture_text(np.array([[0, 64, 128, 192, 255]], np.uint8))
