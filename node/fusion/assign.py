"""Global nearest neighbour: the one-to-one assignment with the most pairs and, among those, the least cost.

Shortest augmenting paths [1]_. scipy has it too (``linear_sum_assignment``), at the price of 46 MiB and 0.7 s of import
for ``scipy.optimize``; the tests compare the two.

References
----------
.. [1] R. Jonker, A. Volgenant, "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment Problems",
   Computing 38, 1987, pp. 325-340.
"""

from __future__ import annotations

import math

FORBIDDEN = math.inf
_HIGH = 1e9
"""Stands for a pair that may not be: dearer than all that may."""


def assigned(cost: list[list[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column), by row; infinite costs are never paired.

    Parameters
    ----------
    cost
        One list a row, all of the same length.
    """
    if not cost or not cost[0]:
        return []
    if len(cost) > len(cost[0]):
        columns = [list(column) for column in zip(*cost, strict=True)]
        return sorted((row, column) for column, row in assigned(columns))
    rows, columns_count = len(cost), len(cost[0])
    price_row, price_column = [0.0] * (rows + 1), [0.0] * (columns_count + 1)
    owner, back = [0] * (columns_count + 1), [0] * (columns_count + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        here = 0
        shortest = [math.inf] * (columns_count + 1)
        done = [False] * (columns_count + 1)
        while owner[here]:
            done[here] = True
            at, step, nearest = owner[here], math.inf, 0
            for column in range(1, columns_count + 1):
                if done[column]:
                    continue
                value = cost[at - 1][column - 1]
                length = (min(_HIGH, value)) - price_row[at] - price_column[column]
                if length < shortest[column]:
                    shortest[column], back[column] = length, here
                if shortest[column] < step:
                    step, nearest = shortest[column], column
            for column in range(columns_count + 1):
                if done[column]:
                    price_row[owner[column]] += step
                    price_column[column] -= step
                else:
                    shortest[column] -= step
            here = nearest
        while here:
            owner[here] = owner[back[here]]
            here = back[here]
    return sorted(
        (owner[column] - 1, column - 1)
        for column in range(1, columns_count + 1)
        if owner[column] and cost[owner[column] - 1][column - 1] < _HIGH
    )
