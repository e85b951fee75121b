"""Codes of rows: a coarse one tells the few that may be among the best from all others, and a fine one tells more.

A coarse code has four, two or one bit of each number of what a list's centre leaves of a row. Bits go to the directions
where they lessen the error most (reverse water-filling; Cover and Thomas, chapter 10). The levels of a number are those
with the least error for normal numbers (Max 1960). A fine code has the same bits of each number that is left then; with
one bit there is a finer code, two bits of each number that is left. The kernel makes all (encode.c), as it has to read
them.
"""

from dataclasses import dataclass

import numpy as np

from embeddings.search.brute_force import Matrix

MOST_NIBBLES = 128
"""As coarse_codes.h has it: sums of so many tables' entries fit into 16 bits."""
MOST_TURNED = 496
"""As lists.h has it: directions that codes know of. A bit of each fits into a line."""
FINE_BYTES, FINER_BYTES, _SHARE_BYTES = 64, 128, 2
"""As fine_codes.h has it: one line of the cache and two, and what is no number in them."""
SHARE_UNIT = np.float32(1 / 200)
"""As lists.h has it: what a unit of a row's share of its coarse code is worth."""
_LEFT = np.array([1.0, 0.3634, 0.1175, 0.0095])
"""What is left of a mean square of 1 after no bits, one, two and four."""
_COSTS = np.array([1, 1, 2])
_GAINS = (_LEFT[:-1] - _LEFT[1:]) / _COSTS
"""What each step from one to the next costs, and takes away for a bit."""
_WHOLE = {4: 4, 2: 8, 1: 16}
"""Numbers of so many bits come in such groups: four nibbles, which the kernel looks up together."""
_STEP_OF_FINE = {1: 1.6, 2: 1.1, 4: 0.45, 8: 0.06}
"""The step between levels by bits, of numbers with a mean square of 1: those of least error for normal numbers (Max
1960), and a little more, since real ones have longer tails."""


@dataclass(frozen=True, slots=True)
class Bits:
    """How many directions have four bits, two and one of a coarse code, those that hold most first; and how many bits
    each number of a fine code has.
    """

    fours: int
    twos: int
    ones: int
    fine: int

    @property
    def coded(self) -> int:
        """Number of directions that have any bits of a coarse code."""
        return self.fours + self.twos + self.ones

    @property
    def nibbles(self) -> int:
        """Groups of four bits that make a coarse code."""
        return self.fours + self.twos // 2 + self.ones // 4

    @property
    def has_finer(self) -> bool:
        """Whether there are finer codes."""
        return self.fine == 1

    def are_possible(self, turned: int) -> bool:
        """Whether the kernel can read such codes of rows of ``turned`` directions."""
        numbers = {4: self.fours, 2: self.twos, 1: self.ones}
        whole = all(number >= 0 and number % _WHOLE[bits] == 0 for bits, number in numbers.items())
        fits = self.fine in _STEP_OF_FINE and turned * self.fine <= 8 * (FINE_BYTES - _SHARE_BYTES)
        return whole and 0 < self.coded <= turned and self.nibbles <= MOST_NIBBLES and fits

    def fine_steps(self, sizes: Matrix) -> Matrix:
        """What a unit of a fine code is worth in directions [turned], of which ``sizes`` are the roots of the mean
        squares before the coarse code takes its part away.
        """
        steps = np.zeros(len(sizes), np.int64)
        steps[: self.coded] = np.repeat([3, 2, 1], [self.fours, self.twos, self.ones])
        return np.asarray(_STEP_OF_FINE[self.fine] * sizes * np.sqrt(_LEFT[steps]), np.float32)


def most_fine_bits(turned: int) -> int:
    """The bits that a fine code can have of each of ``turned`` numbers."""
    return next(bits for bits in (8, 4, 2, 1) if turned * bits <= 8 * (FINE_BYTES - _SHARE_BYTES))


def bits_for(energies: Matrix, total: int, fine: int) -> Bits:
    """How to spend about ``total`` bits on directions with these mean squares, largest first: each where it takes most
    of the error away.
    """
    gains = np.outer(energies, _GAINS).ravel()
    order = np.argsort(-gains, kind="stable")
    spent = np.cumsum(np.tile(_COSTS, len(energies))[order]) - np.tile(_COSTS, len(energies))[order]
    steps = np.bincount(order[spent < total] % len(_COSTS), minlength=len(_COSTS))
    numbers = {4: int(steps[2]), 2: int(steps[1] - steps[2]), 1: int(steps[0] - steps[1])}
    fours, twos = (round(numbers[bits] / _WHOLE[bits]) * _WHOLE[bits] for bits in (4, 2))
    room = min(4 * (MOST_NIBBLES - fours - twos // 2), len(energies) - fours - twos)
    ones = min(round(numbers[1] / _WHOLE[1]) * _WHOLE[1], room // _WHOLE[1] * _WHOLE[1])
    return Bits(fours, twos, max(ones, 0), fine)
