"""Codes of four, two or one bit a number, for rows of so many dimensions that codes of 8 bits take long to read.

A search only has to tell the few rows that may be among the best from all others, so little is needed of each number.
Bits go to the directions where they lessen the error most (reverse water-filling; Cover and Thomas, chapter 10). The
levels of a number are those with the least error for normal numbers (Max 1960).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.search.brute_force import Matrix
from embeddings.search.clustering import BLOCK_ROWS, Codes

MOST_NIBBLES = 256
"""As short_codes.h has it: sums of so many tables' entries fit into 16 bits."""
_FOUR = (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326)
_LEVELS = {
    4: np.array([-level for level in reversed(_FOUR)] + list(_FOUR), np.float32),
    2: np.array([-1.5104, -0.4528, 0.4528, 1.5104], np.float32),
    1: np.array([-0.7979, 0.7979], np.float32),
}
"""Of numbers with a mean square of 1; short_codes.h has the same."""
_BETWEEN = {bits: (levels[1:] + levels[:-1]) / 2 for bits, levels in _LEVELS.items()}
_LEFT = np.array([1.0, 0.3634, 0.1175, 0.0095])
"""What is left of a mean square of 1 after no bits, one, two and four."""
_COSTS = np.array([1, 1, 2])
_GAINS = (_LEFT[:-1] - _LEFT[1:]) / _COSTS
"""What each step from one to the next costs, and takes away for a bit."""
_WHOLE = {4: 4, 2: 8, 1: 16}
"""Numbers of so many bits come in such groups: four nibbles, which the kernel looks up together."""


@dataclass(frozen=True, slots=True)
class Bits:
    """How many directions have four bits, two and one, those that hold most first."""

    fours: int
    twos: int
    ones: int

    @property
    def kept(self) -> int:
        """Number of directions that have any."""
        return self.fours + self.twos + self.ones

    @property
    def nibbles(self) -> int:
        """Groups of four bits that make a code."""
        return self.fours + self.twos // 2 + self.ones // 4

    def are_possible(self, dimension: int) -> bool:
        """Whether the kernel can read such codes of rows of ``dimension``."""
        numbers = {4: self.fours, 2: self.twos, 1: self.ones}
        whole = all(number >= 0 and number % _WHOLE[bits] == 0 for bits, number in numbers.items())
        return whole and 0 < self.kept <= dimension and self.nibbles <= MOST_NIBBLES


def bits_for(energies: Matrix, total: int) -> Bits:
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
    return Bits(fours, twos, max(ones, 0))


def short_codes(rotated: Matrix, sizes: Matrix, bits: Bits) -> Codes:
    """The codes of rows along their directions [n, kept], two nibbles a byte [n, nibbles / 2].

    ``sizes`` [kept] are the roots of the mean squares along each.
    """
    fours, twos, ones = np.split(rotated / sizes, [bits.fours, bits.fours + bits.twos], axis=1)
    of_fours = np.asarray(np.searchsorted(_BETWEEN[4], fours), np.uint8)
    of_twos = np.zeros(twos.shape, np.uint8)
    for level in _BETWEEN[2]:
        of_twos += twos > level
    return np.concatenate(
        [
            of_fours[:, ::2] | of_fours[:, 1::2] << np.uint8(4),
            of_twos[:, ::4]
            | of_twos[:, 1::4] << np.uint8(2)
            | of_twos[:, 2::4] << np.uint8(4)
            | of_twos[:, 3::4] << np.uint8(6),
            np.packbits(ones > 0, axis=1, bitorder="little"),
        ],
        axis=1,
    )


def short_codes_in_blocks(codes: Codes) -> npt.NDArray[np.uint8]:
    """Codes [blocks * 16, nibbles / 2] in the order in which the kernel reads them [blocks, nibbles / 2, 16]."""
    count, width = codes.shape
    return np.ascontiguousarray(codes.reshape(count // BLOCK_ROWS, BLOCK_ROWS, width).transpose(0, 2, 1))
