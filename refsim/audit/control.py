"""What a branch decides: the values that would be others, had it gone another way."""

import re
from functools import cached_property

RAISES = re.compile(r"ret i32 (-1|[1-9]\d*)\b|unreachable\b")
"""Zero is a value, -2 none."""
RETURNED = re.compile(r"ret i32 (%\S+?)(?:,|$)")
SILENT_CALLS = re.compile(r"llvm\.(lifetime\.(start|end)|assume|dbg\.\w+)|NRT_(incref|decref)$")
LASTING = {"mul", "sdiv", "udiv", "srem", "urem", "atomicrmw", "cmpxchg"}
"""What writes to memory, or must be judged wherever it stands."""
WAY = re.compile(r"\[ (-?\d+), %(\S+) \]")


class Control:
    """The branches of one function.

    A branch decides which value a phi takes where paths from two of its successors meet, up to the block that all paths
    meet in; a branch that leaves a loop decides what the values of the loop are behind it.

    Parameters
    ----------
    blocks : tuple of Block
        The first is the entry.
    is_root : bool
        Whether nobody compiled calls it: ways that can only end in an exception, and leave nothing in memory, are left
        out, for they give no value.
    """

    def __init__(self, blocks, is_root):
        self.blocks = blocks
        places = {block.identity: place for place, block in enumerate(blocks)}
        successors = [tuple(dict.fromkeys(places[name] for name in block.successors)) for block in blocks]
        self.successors = going_on(blocks, successors) if is_root else successors
        self.predecessors = [[] for _ in blocks]
        for place, found in enumerate(self.successors):
            for successor in found:
                self.predecessors[successor].append(place)

    @cached_property
    def branches(self):
        """Every branch on a value: what it asks, the instructions whose results it decides, the calls that it may skip."""
        return tuple(
            (block.condition, self.decided(place), self.calls(place))
            for place, block in enumerate(self.blocks)
            if block.condition is not None and len(self.successors[place]) > 1
        )

    def decided(self, branch):
        """Return the instructions whose results a branch decides."""
        return (*self.meetings(branch), *self.left_behind(branch))

    def meetings(self, branch):
        """Yield the phis of blocks that paths from two successors enter by different ways."""
        barrier = self.behind[branch] & ~(1 << branch)
        entered = {}
        for successor in self.successors[branch]:
            seen, waiting = {(branch, successor)}, [(branch, successor)]
            for _, block in waiting:
                if not barrier >> block & 1 and block != branch:
                    edges = {(block, following) for following in self.successors[block]} - seen
                    seen |= edges
                    waiting += edges
            for start, block in seen:
                entered.setdefault(block, {}).setdefault(successor, set()).add(start)
        for block, ways in entered.items():
            if len(ways) > 1 and len(set().union(*ways.values())) > 1:
                yield from (each for each in self.blocks[block].instructions if each.opcode == "phi")

    def calls(self, branch):
        """Return the calls between a branch and the block that all its paths meet in."""
        barrier = self.behind[branch] & ~(1 << branch)
        between, waiting = set(), list(self.successors[branch])
        for block in waiting:
            if not barrier >> block & 1 and block not in between:
                between.add(block)
                waiting += self.successors[block]
        return tuple(each for block in between for each in self.blocks[block].instructions if each.callee)

    def left_behind(self, branch):
        """Yield what is computed in a loop that the branch may leave, and read behind it."""
        for loop in self.loops:
            if branch in loop and not loop.issuperset(self.successors[branch]):
                outside = (block for place, block in enumerate(self.blocks) if place not in loop)
                read = {value.identity for block in outside for each in block.instructions for value in each.operands}
                inside = (each for block in loop for each in self.blocks[block].instructions)
                yield from (each for each in inside if each.identity in read)

    @cached_property
    def behind(self):
        """For each block, as bits of a number, the blocks that every path from it to an end goes through."""
        return through_all(self.successors)

    @cached_property
    def before(self):
        """For each block, as bits of a number, the blocks that every path from an entry to it goes through."""
        return through_all(self.predecessors)

    @cached_property
    def loops(self):
        """The natural loops: sets of blocks."""
        found = {}
        for place, successors in enumerate(self.successors):
            for head in successors:
                if self.before[place] >> head & 1:
                    body, waiting = found.setdefault(head, {head}), [place]
                    for block in waiting:
                        if block not in body:
                            body.add(block)
                            waiting += self.predecessors[block]
        return tuple(found.values())

    @cached_property
    def entered_twice(self):
        """The instructions that end blocks of loops with more than one entry: what they decide is not told."""
        left = {
            place: {head for head in ways if not self.before[place] >> head & 1}
            for place, ways in enumerate(self.successors)
        }
        apart = None
        while apart != set():
            entered = set().union(*left.values())
            apart = {place for place, ways in left.items() if place not in entered or not ways & left.keys()}
            left = {place: ways for place, ways in left.items() if place not in apart}
        return tuple(self.blocks[place].instructions[-1] for place in left)


def going_on(blocks, successors):
    """Return the successors of each block without those from which every path ends in an exception, leaving nothing behind.

    numba's functions tell it by their status: a constant of the return, or what a phi before it has for a way.
    """
    places = {block.name: place for place, block in enumerate(blocks)}
    silent = [all(map(is_silent, block.instructions)) for block in blocks]
    failing = {
        place for place, block in enumerate(blocks) if silent[place] and RAISES.match(block.instructions[-1].text)
    }
    edges = {
        (places[name], place)
        for place, block in enumerate(blocks)
        if silent[place]
        for name in failing_ways(block)
        if name in places and silent[places[name]]
    }
    found = None
    while found != len(failing):
        found = len(failing)
        left = [
            tuple(way for way in ways if way not in failing and (place, way) not in edges)
            for place, ways in enumerate(successors)
        ]
        failing |= {place for place, ways in enumerate(left) if silent[place] and successors[place] and not ways}
    ending, before = {place for place, ways in enumerate(left) if not ways}, 0
    while before != len(ending):
        before = len(ending)
        ending |= {place for place, ways in enumerate(left) if not ending.isdisjoint(ways)}
    # What only an exception ends keeps its ways: there is no other end at which to see what was decided.
    return [ways if place in ending else successors[place] for place, ways in enumerate(left)]


def is_silent(instruction):
    """Tell whether nothing of what an instruction does outlives an exception, but the exception itself."""
    if instruction.opcode == "store":
        return ", ptr %excinfo," in instruction.text
    if instruction.opcode in ("call", "invoke"):
        return bool(SILENT_CALLS.match(instruction.callee))
    return instruction.opcode not in LASTING


def failing_ways(block):
    """Yield the names of the blocks that come to a return with the status of an exception."""
    status = RETURNED.match(block.instructions[-1].text)
    for instruction in block.instructions:
        if status and instruction.text.startswith(f"{status.group(1)} = phi "):
            yield from (name for value, name in WAY.findall(instruction.text) if RAISES.match(f"ret i32 {value}"))


def through_all(following):
    """Return for each node, as bits of a number, the nodes that every path along `following` to an end goes through."""
    everything = (1 << len(following)) - 1
    through = [everything if nodes else 1 << place for place, nodes in enumerate(following)]
    changed = True
    while changed:
        changed = False
        for place in reversed(range(len(following))):
            if following[place]:
                common = everything
                for node in following[place]:
                    common &= through[node]
                if through[place] != common | 1 << place:
                    through[place], changed = common | 1 << place, True
    return through
