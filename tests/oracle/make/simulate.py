"""Simulated people and families for the tests: invented records, the same on every machine.

Run from the project's folder: ``python -m tests.oracle.make.simulate``. It writes
``tests/oracle/simulated/people.csv`` and ``families.csv``. Only ``random.Random.random`` draws, because
Python promises its sequence for all versions.
"""

import math
import random
from pathlib import Path
from statistics import NormalDist

SIMULATED = Path(__file__).parents[1] / "simulated"
TENURES = {"homeless": 0.10, "irregular": 0.18, "own_apartment": 0.20, "own_house": 0.18, "rent": 0.34}
SCHOOLS = {"none": 0.35, "primary": 0.40, "secondary": 0.25}


class Draws:
    """One sequence of draws."""

    def __init__(self, seed):
        self._uniform = random.Random(seed).random  # noqa: S311 - simulation, not a secret

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * self._uniform()

    def normal(self):
        return NormalDist().inv_cdf(1e-12 + (1 - 2e-12) * self._uniform())

    def whole(self, low, high):
        """A whole number from low to high, both included."""
        return low + int((high - low + 1) * self._uniform())

    def event(self, logit):
        return int(self._uniform() < 1 / (1 + math.exp(-logit)))

    def choice(self, weights):
        """A key, with a chance proportional to its weight."""
        left = self._uniform() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key

    def shuffled(self, rows):
        return [row for _, row in sorted(((self._uniform(), row) for row in rows), key=lambda pair: pair[0])]


def people():
    """A survey with the columns of the housing file: 5 strata, 40 unequal PSUs, weights, tied incomes.

    Income, event and tenure depend on each other and on the PSU, so that clustering widens the standard
    errors.
    """
    draw, rows = Draws(2), []
    for psu in range(1, 41):
        stratum, effect, share_urban = (psu - 1) // 8 + 1, draw.normal(), draw.uniform(0.2, 0.8)
        for _ in range(draw.whole(12, 28)):
            male, age, urban = draw.event(0.0), draw.whole(18, 79), int(draw.uniform() < share_urban)
            log_income = (
                7.5 + 0.45 * draw.normal() + 0.2 * effect + 0.15 * urban + 0.1 * male + 0.05 * stratum
            )
            richer = log_income - 7.7
            tenure = draw.choice(
                {
                    name: share * math.exp(slope * richer)
                    for (name, share), slope in zip(TENURES.items(), (-1.5, -1, 0.6, 0.9, 0), strict=True)
                }
            )
            logit = -2.6 + 3.2 * male + 0.9 * richer + 0.015 * (age - 50) + 0.35 * effect - 0.2 * urban
            logit += {"irregular": 1.2, "rent": 0.5}.get(tenure, 0.0) + 0.3 * male * urban
            high = draw.event(logit)
            bmi = 24.0 + 2.5 * high + 0.04 * (age - 50) + 1.2 * richer + 0.5 * effect + 2.4 * draw.normal()
            rows.append(
                {
                    "sex": "male" if male else "female",
                    "age": age,
                    "place": "urban" if urban else "rural",
                    "tenure": tenure,
                    "bmi": f"{bmi:.1f}",
                    "income": 50 * max(1, round(math.exp(log_income) / 50)),
                    "high": high,
                    "w": f"{draw.uniform(0.5, 3.0):.2f}",
                    "psu": psu,
                    "strata": stratum,
                }
            )
    incomes = sorted(row["income"] for row in rows)
    for row in rows:
        below = sum(income < row["income"] for income in incomes)
        row |= {"inc10": 1 + 10 * below // len(rows), "female": int(row["sex"] == "female")}
        row |= {"urban": int(row["place"] == "urban")}
    return [{"id": number, **row} for number, row in enumerate(draw.shuffled(rows), start=1)]


def families():
    """Children in mothers in clinics: families of one to four, for which few quadrature points fail."""
    draw, rows = Draws(3), []
    mother = 0
    for clinic in range(1, 25):
        of_clinic, rural = 0.8 * draw.normal(), int(draw.uniform() < 0.5)
        for _ in range(draw.whole(4, 13)):
            mother += 1
            of_mother, school = 1.1 * draw.normal(), draw.choice(SCHOOLS)
            for _ in range(draw.whole(1, 4)):
                age = draw.whole(12, 59)
                logit = -0.2 - 0.6 * rural + 0.02 * (age - 36) + of_clinic + of_mother
                logit += {"primary": 0.4, "secondary": 0.9}.get(school, 0.0)
                rows.append(
                    {
                        "clinic": clinic,
                        "mother": mother,
                        "rural": rural,
                        "school": school,
                        "age": age,
                        "vaccinated": draw.event(logit),
                    }
                )
    return draw.shuffled(rows)


def text_of(rows):
    """The rows as CSV."""
    names = list(rows[0])
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


def main():
    for name, rows in (("people", people()), ("families", families())):
        (SIMULATED / f"{name}.csv").write_text(text_of(rows))


if __name__ == "__main__":
    main()
