"""What every door gives: one answer a case."""

from dataclasses import dataclass, field

ANSWERED, UNSUPPORTED, REJECTED, FAILED = "answered", "unsupported", "rejected", "failed"


@dataclass(frozen=True, eq=False)
class Answer:
    """What an implementation made of a case.

    Attributes
    ----------
    status : {"answered", "unsupported", "rejected", "failed"}
        ``"failed"`` where it crashed, hung, or gave what is no answer at all.
    sites : dict of ndarray by site
        As the implementation gave them: any type and shape, nothing cast.
    reason : str
        Why it is not ``"answered"``; one line.
    seconds : float
        Wall time.
    """

    status: str
    sites: dict = field(default_factory=dict)
    reason: str = ""
    seconds: int | float = 0
