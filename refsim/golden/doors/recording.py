"""A trace under reconstruction: which site has been said at which timestep, and the values so far."""

import math
from difflib import get_close_matches

import numpy as np

from refsim.golden.doors.asking import Fault
from refsim.golden.doors.trace_lines import (
    COMMON_KEYS,
    EVENT_KEYS,
    LATEST_TIMESTEP,
    VALUE_KEYS,
    ValueFault,
    bounds,
    event_place,
    integer,
    require_keys,
    shown,
    values_of,
)
from refsim.golden.faces.widths import tensor_width
from refsim.golden.sites import place_words
from refsim.printable import one_line

LATENCY_FILE = "latency.json"

MOST_NAMED = 8
"""Missing timesteps that are listed one by one."""


class Recording:
    """The sites of one case, filled line by line.

    Parameters
    ----------
    case : Case
    latency : dict of int by site
        How many timesteps late a site's lines are.
    """

    def __init__(self, case, latency):
        self.case, self.latency = case, latency
        self.forms, self.order = case.sites, {site: place for place, site in enumerate(case.sites)}
        self.bits = {site: tensor_width(case, "output", site)[0] for site in self.forms}
        self.arrays, self.given = {}, {}
        self.time_axes = (case.samples, case.timesteps)

    def value_line(self, line, after):
        """Take a line with all values of a site at a timestep.

        Parameters
        ----------
        line : dict
        after : tuple or None
            Place in the order of computation of the line before, where the order is to be that.

        Returns
        -------
        place : tuple
            (sample, timestep as written, position of the site).
        """
        require_keys(line, COMMON_KEYS | VALUE_KEYS, ("t", "site"))
        site, sample, written, timestep = self.locate(line)
        place = (sample, written, self.order[site])
        if after is not None and place < after:
            raise Fault(
                f"{site} at timestep {written} comes after what is computed later; unordered (--mode) takes any order"
            )
        arrays, given = self.site_arrays(site, self.time_axes)
        if given[sample, timestep]:
            raise Fault(f"{site} at timestep {written} is there a second time")
        dtype, shape = self.step_form(site)
        try:
            arrays[sample, timestep] = values_of(line, dtype, shape, self.bits[site])
        except ValueFault as fault:
            raise Fault(f"{self.place_words(site, sample, timestep, fault.place)}: {fault}") from fault
        except Fault as fault:
            raise Fault(f"{site} at timestep {written}: {fault}") from fault
        given[sample, timestep] = True
        return place

    def event_line(self, line):
        """Take a line with one event: the value at one address, 1 where it is not said."""
        require_keys(line, COMMON_KEYS | EVENT_KEYS, ("t", "site", "address"))
        site, sample, written, timestep = self.locate(line)
        dtype, shape = self.step_form(site)
        place = event_place(line, shape)
        arrays, given = self.event_arrays(site)
        if given[sample, timestep, place]:
            raise Fault(f"{site} at timestep {written}: the address {line['address']} is there a second time")
        arrays[sample, timestep].reshape(-1)[place] = integer("value", line.get("value", 1), *bounds(dtype))
        given[sample, timestep, place] = True

    def place_words(self, site, sample, timestep, place):
        """Say where a value stands, as in ``neuron, timestep 0, token 0, channel 1``."""
        shape = self.step_form(site)[1]
        within = tuple(map(int, np.unravel_index(place, shape))) if place < math.prod(shape) else ()
        index = (sample, timestep, *within) if self.case.samples > 1 else (timestep, *within)
        beyond = "" if within else f", value {place}"
        return f"{site}, {place_words(self.case, site, index)}{beyond}"

    def locate(self, line):
        """Return site, sample, timestep as written and timestep as counted."""
        site = line["site"]
        self.require_site("site", site)
        if self.case.samples > 1 and "sample" not in line:
            raise Fault(f"'sample' is missing; the case has {self.case.samples} samples")
        sample = integer("sample", line.get("sample", 0), 0, self.case.samples - 1)
        written = integer("t", line["t"], 0, LATEST_TIMESTEP)
        late = self.latency.get(site, 0)
        if not late <= written < late + self.case.timesteps:
            declared = f", {late} timestep{'s' * (late != 1)} late as declared," if late else ""
            raise Fault(
                f"t: {site}{declared} has timesteps {late} to {late + self.case.timesteps - 1}, got {written}"
                f"{'' if late else f'; {LATENCY_FILE} declares a dump that is late'}"
            )
        return site, sample, written, written - late

    def step_form(self, site):
        """Return type and shape of one timestep."""
        dtype, shape = self.forms[site]
        return dtype, shape[1 + (self.case.samples > 1) :]

    def site_arrays(self, site, given_shape):
        """Return values and marks of a site, which are made when it is first named."""
        if site not in self.arrays:
            dtype, shape = self.step_form(site)
            self.arrays[site] = np.zeros((*self.time_axes, *shape), dtype)
            self.given[site] = np.zeros(given_shape, bool)
        return self.arrays[site], self.given[site]

    def event_arrays(self, site):
        """Return values of a site, 0 until an event says otherwise, and the marks of its addresses."""
        return self.site_arrays(site, (*self.time_axes, math.prod(self.step_form(site)[1])))

    def logged_sites(self, sites):
        """Take the sites that a log says it holds: 0 throughout, but for their events."""
        if not isinstance(sites, list):
            raise Fault(f"sites: expected a list, got {shown(sites)}")
        for site in sites:
            self.require_site("sites", site)
            self.event_arrays(site)

    def require_site(self, key, site):
        """Refuse what is no site of the case."""
        if not isinstance(site, str) or site not in self.forms:
            nearest = get_close_matches(site, self.forms, 1) if isinstance(site, str) else ()
            hint = f"; the nearest is {nearest[0]}" if nearest else ""
            raise Fault(f"{key}: {one_line(str(site), 60)} is not a site of this case{hint}")

    def sites(self):
        """Return the arrays by site, in order of computation and in the shape of an answer."""
        return {site: self.arrays[site].reshape(self.forms[site][1]) for site in self.forms if site in self.arrays}

    def require_all_timesteps(self):
        """Refuse a site that is there at some timesteps and missing at others."""
        for site, given in self.given.items():
            for sample in range(self.case.samples):
                missing = np.flatnonzero(~given[sample]).tolist()
                if missing:
                    where = f"{site}, sample {sample}" if self.case.samples > 1 else site
                    raise Fault(f"{where}: {missing_timesteps(missing)}")


def missing_timesteps(missing):
    """Say in words which timesteps are missing."""
    if len(missing) == 1:
        return f"timestep {missing[0]} is missing"
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return f"timesteps {', '.join(map(str, missing[:MOST_NAMED]))}{more} are missing"
