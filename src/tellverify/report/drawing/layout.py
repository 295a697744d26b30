"""Layered drawings of directed graphs.

The four steps of Sugiyama, Tagawa and Toda, *Methods for visual understanding of hierarchical
system structures*, IEEE SMC 11(2), 1981: ranks, by longest paths after edges that close a cycle
were turned round; an order within each rank, by barycentres; coordinates; routes. A label is a
vertex of its own on a rank between those of states, as in Gansner, Koutsofios, North and Vo, *A
technique for drawing directed graphs*, IEEE TSE 19(3), 1993, so that no text meets another.
Equal inputs give equal drawings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

_GAP: Final = 16.0  # between neighbours of a rank
_LEAST_RANK_GAP: Final = 10.0
_MOST_RANK_GAP: Final = 40.0
_SWEEPS: Final = 12
_MOST_PASSED: Final = 20_000
_ALIGNMENTS: Final = 24
_THREAD: Final = 5.0  # half the width of the place where an edge passes a rank
_STRAIGHT: Final = 6.0  # how much more a long edge wants to be straight than a short one


class LayoutTooLarge(Exception):
    """A graph that is too large to read as a picture; the message says how large it is."""


class Box(msgspec.Struct, frozen=True):
    """What a vertex needs: how far it reaches left and right of its centre, and its height."""

    left: float
    right: float
    height: float


class Line(msgspec.Struct, frozen=True):
    """An edge from state to state with the size of its label. Not a loop at one state."""

    source: int
    target: int
    width: float
    height: float


class Route(msgspec.Struct, frozen=True):
    """Where an edge runs: pieces `(x1, y1, x2, y2)` from its source, and the centre of its label.

    `back` says that it leads upwards: it closes a cycle.
    """

    pieces: tuple[tuple[float, float, float, float], ...]
    label: tuple[float, float]
    back: bool


class DrawingLayout(msgspec.Struct, frozen=True):
    """Centres of the states, routes of the edges, and the size of the whole."""

    centres: tuple[tuple[float, float], ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def place(boxes: Sequence[Box], lines: Sequence[Line]) -> DrawingLayout:
    """The drawing of states `boxes`, state 0 on top, with the edges `lines`.

    Raises LayoutTooLarge when long edges would pass more than 20 000 ranks.
    """
    back = _back_edges(len(boxes), lines)
    ranks = _ranks(len(boxes), lines, back)
    passed = sum(abs(ranks[line.source] - ranks[line.target]) for line in lines)
    if passed > _MOST_PASSED:
        raise LayoutTooLarge(f"edges that pass {passed} ranks; at most {_MOST_PASSED} are drawn")
    layers = _Layers(boxes, lines, back, ranks)
    _order(layers)
    _align(layers)
    return _routed(layers, boxes, lines, back)


# Ranks


def _back_edges(count: int, lines: Sequence[Line]) -> list[bool]:
    """For each edge, whether it closes a cycle in a depth-first pass from state 0."""
    leaving: list[list[int]] = [[] for _ in range(count)]
    for number, line in enumerate(lines):
        leaving[line.source].append(number)
    back = [False] * len(lines)
    colour = bytearray(count)  # 0 unseen, 1 on the path, 2 left
    for root in range(count):
        if colour[root]:
            continue
        colour[root] = 1
        stack = [(root, 0)]
        while stack:
            state, at = stack.pop()
            if at == len(leaving[state]):
                colour[state] = 2
                continue
            stack.append((state, at + 1))
            edge = leaving[state][at]
            target = lines[edge].target
            if colour[target] == 1:
                back[edge] = True
            elif not colour[target]:
                colour[target] = 1
                stack.append((target, 0))
    return back


def _ranks(count: int, lines: Sequence[Line], back: Sequence[bool]) -> list[int]:
    """The longest path to each state, edges that close a cycle being turned round."""
    below: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for line, turned in zip(lines, back, strict=True):
        high, low = (line.target, line.source) if turned else (line.source, line.target)
        below[high].append(low)
        waiting[low] += 1
    ranks = [0] * count
    ready = [state for state in range(count) if not waiting[state]]
    for state in ready:
        for other in below[state]:
            ranks[other] = max(ranks[other], ranks[state] + 1)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return ranks


class _Layers:
    """Vertices by rank: states on even ranks, and one vertex of each edge on every rank between.

    The vertices of edge e are `chains[e]`, from the upper state to the lower one, without these.
    """

    def __init__(
        self,
        boxes: Sequence[Box],
        lines: Sequence[Line],
        back: Sequence[bool],
        ranks: Sequence[int],
    ) -> None:
        self.boxes = list(boxes)
        self.rank = [2 * rank for rank in ranks]
        self.thread = [False] * len(boxes)
        self.up: list[list[int]] = [[] for _ in boxes]
        self.down: list[list[int]] = [[] for _ in boxes]
        self.chains: list[list[int]] = []
        self.label: list[int] = []
        for line, turned in zip(lines, back, strict=True):
            self._add(line, turned)
        self.rows: list[list[int]] = [[] for _ in range(max(self.rank, default=0) + 1)]
        for vertex in self._first_order(len(boxes)):
            self.rows[self.rank[vertex]].append(vertex)
        self.x = [0.0] * len(self.boxes)

    def _add(self, line: Line, turned: bool) -> None:
        high, low = (line.target, line.source) if turned else (line.source, line.target)
        chain: list[int] = []
        before = high
        between = range(self.rank[high] + 1, self.rank[low])
        # The label stands close to where the edge leaves, where it is looked for.
        labelled = between[-1] if turned else between[0]
        for rank in between:
            vertex = len(self.boxes)
            is_label = rank == labelled
            half = line.width / 2 if is_label else _THREAD
            self.boxes.append(Box(half, half, line.height if is_label else 0.0))
            self.rank.append(rank)
            self.thread.append(not is_label)
            self.up.append([before])
            self.down.append([])
            self.down[before].append(vertex)
            chain.append(vertex)
            before = vertex
            if is_label:
                self.label.append(vertex)
        self.down[before].append(low)
        self.up[low].append(before)
        self.chains.append(chain)

    def _first_order(self, states: int) -> list[int]:
        """All vertices in the order of a depth-first pass, which keeps branches together."""
        found: list[int] = []
        seen = bytearray(len(self.boxes))
        for root in range(states):
            stack = [root]
            while stack:
                vertex = stack.pop()
                if seen[vertex]:
                    continue
                seen[vertex] = 1
                found.append(vertex)
                stack.extend(other for other in reversed(self.down[vertex]) if not seen[other])
        return found


# Order within ranks


def _order(layers: _Layers) -> None:
    """Sort each rank by barycentres, down and up, and keep the order with fewest crossings."""
    position = [0.0] * len(layers.boxes)

    def number(row: Sequence[int]) -> None:
        for place_, vertex in enumerate(row):
            position[vertex] = float(place_)

    for row in layers.rows:
        number(row)
    best = [list(row) for row in layers.rows]
    fewest = _crossings(layers, position)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        neighbours = layers.up if downwards else layers.down
        for row in layers.rows if downwards else reversed(layers.rows):
            weight = {
                vertex: sum(position[o] for o in neighbours[vertex]) / len(neighbours[vertex])
                if neighbours[vertex]
                else position[vertex]
                for vertex in row
            }
            row.sort(key=lambda vertex: weight[vertex])
            number(row)
        crossings = _crossings(layers, position)
        if crossings < fewest:
            fewest = crossings
            best = [list(row) for row in layers.rows]
    layers.rows = best


def _crossings(layers: _Layers, position: Sequence[float]) -> int:
    """How many pairs of edges between neighbouring ranks cross (Barth, Juenger, Mutzel, 2002)."""
    total = 0
    for row in layers.rows[:-1]:
        ends = [
            int(position[other])
            for vertex in row
            for other in sorted(layers.down[vertex], key=lambda other: position[other])
        ]
        size = max(ends, default=0) + 2
        tree = [0] * size
        for count, end in enumerate(ends):
            at, before = end + 1, 0
            while at:
                before += tree[at]
                at &= at - 1
            total += count - before
            at = end + 1
            while at < size:
                tree[at] += 1
                at += at & -at
    return total


# Coordinates


def _align(layers: _Layers) -> None:
    """Move every vertex towards its neighbours, as far as the order and the boxes of a rank allow.

    For one rank the best places by least squares are an isotonic regression, which pooling
    adjacent violators solves exactly; ranks take turns, down and up.
    """
    for row in layers.rows:
        at = 0.0
        for vertex in row:
            at += layers.boxes[vertex].left
            layers.x[vertex] = at
            at += layers.boxes[vertex].right + _GAP
    for turn in range(_ALIGNMENTS):
        both = turn >= _ALIGNMENTS - 4
        downwards = turn % 2 == 0
        for row in layers.rows if downwards else reversed(layers.rows):
            _settle(layers, row, both or downwards, both or not downwards)
    for row in layers.rows:
        _straighten(layers, row)


def _settle(layers: _Layers, row: Sequence[int], above: bool, below: bool) -> None:
    """Put the vertices of `row` as close to the mean of their neighbours as they can be."""
    wanted: list[float] = []
    weights: list[float] = []
    for vertex in row:
        total = weight = 0.0
        near = (layers.up[vertex] if above else []) + (layers.down[vertex] if below else [])
        for other in near:
            strength = _STRAIGHT if layers.thread[vertex] and layers.thread[other] else 1.0
            total += strength * layers.x[other]
            weight += strength
        wanted.append(total / weight if weight else layers.x[vertex])
        weights.append(weight or 0.01)
    _regress(layers, row, wanted, weights)


def _straighten(layers: _Layers, row: Sequence[int]) -> None:
    """Put each vertex that only continues the one above it right below that, if there is room."""
    wanted: list[float] = []
    weights: list[float] = []
    for vertex in row:
        above = layers.up[vertex]
        continues = len(above) == 1 and len(layers.down[above[0]]) == 1
        wanted.append(layers.x[above[0]] if continues else layers.x[vertex])
        weights.append(100.0 if continues else 1.0)
    _regress(layers, row, wanted, weights)


def _regress(
    layers: _Layers, row: Sequence[int], wanted: Sequence[float], weights: Sequence[float]
) -> None:
    """The places closest to `wanted` at which no boxes of `row` overlap, by least squares."""
    offset = 0.0
    offsets: list[float] = []
    for place_, vertex in enumerate(row):
        if place_:
            offset += layers.boxes[row[place_ - 1]].right + _GAP + layers.boxes[vertex].left
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # weight, mean, length
    for place_ in range(len(row)):
        weight, mean, length = weights[place_], wanted[place_] - offsets[place_], 1
        while blocks and blocks[-1][1] >= mean:
            more, other_mean, other_length = blocks.pop()
            mean = (mean * weight + other_mean * more) / (weight + more)
            weight += more
            length += other_length
        blocks.append((weight, mean, length))
    place_ = 0
    for _, mean, length in blocks:
        for _ in range(length):
            layers.x[row[place_]] = mean + offsets[place_]
            place_ += 1


# Routes


def _routed(
    layers: _Layers, boxes: Sequence[Box], lines: Sequence[Line], back: Sequence[bool]
) -> DrawingLayout:
    left = min((layers.x[v] - box.left for v, box in enumerate(layers.boxes)), default=0.0)
    layers.x = [x - left for x in layers.x]
    width = max((layers.x[v] + box.right for v, box in enumerate(layers.boxes)), default=0.0)
    tops, heights = _heights(layers)
    middle = [top + height / 2 for top, height in zip(tops, heights, strict=True)]
    centres = tuple((layers.x[state], middle[layers.rank[state]]) for state in range(len(boxes)))
    routes = []
    for number, (line, turned) in enumerate(zip(lines, back, strict=True)):
        high, low = (line.target, line.source) if turned else (line.source, line.target)
        stops = [(layers.x[high], centres[high][1] + boxes[high].height / 2)]
        for vertex in layers.chains[number]:
            rank = layers.rank[vertex]
            x = layers.x[vertex]
            if layers.thread[vertex]:
                stops += [(x, tops[rank]), (x, tops[rank] + heights[rank])]
            else:
                half = layers.boxes[vertex].height / 2
                stops += [(x, middle[rank] - half), (x, middle[rank] + half)]
        stops.append((layers.x[low], centres[low][1] - boxes[low].height / 2))
        if turned:
            stops.reverse()
        label = layers.label[number]
        pieces = tuple(
            (*stops[at], *stops[at + 1])
            for at in range(len(stops) - 1)
            if stops[at] != stops[at + 1]
        )
        routes.append(Route(pieces, (layers.x[label], middle[layers.rank[label]]), turned))
    return DrawingLayout(centres, tuple(routes), width, tops[-1] + heights[-1])


def _heights(layers: _Layers) -> tuple[list[float], list[float]]:
    """Top and height of each rank; the further edges run aside, the larger the gap for them."""
    heights = [
        max((layers.boxes[vertex].height for vertex in row), default=0.0) for row in layers.rows
    ]
    tops = [0.0]
    for rank, row in enumerate(layers.rows[:-1]):
        aside = max(
            (abs(layers.x[v] - layers.x[other]) for v in row for other in layers.down[v]),
            default=0.0,
        )
        gap = min(max(_LEAST_RANK_GAP, aside / 5), _MOST_RANK_GAP)
        tops.append(tops[rank] + heights[rank] + gap)
    return tops, heights
