"""A notebook: who goes to the doctor? `marimo edit docs/notebook.py` opens it; a test runs it."""

import marimo

app = marimo.App(width="medium", app_title="equirank in a notebook")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import polars as pl

    import equirank

    return equirank, mo, np, pl


@app.cell
def _(mo):
    mo.md(
        """
        # Who goes to the doctor?

        The people below are invented. Replace the next cell by `pl.read_csv("your-file.csv")`.
        """
    )


@app.cell
def _(np, pl):
    random = np.random.default_rng(20)
    n = 3000
    village = random.integers(0, 60, n)
    age = random.integers(18, 90, n)
    income = np.exp(random.normal(8.0 + 0.02 * (village % 10), 0.6, n)).round()
    sick = random.random(n) < 1.0 / (1.0 + np.exp(3.0 - 0.04 * age + 0.3 * (np.log(income) - 8.0)))
    chance = 1.0 / (1.0 + np.exp(1.2 - 1.4 * sick - 0.5 * (np.log(income) - 8.0)))
    people = pl.DataFrame(
        {
            "visited": (random.random(n) < chance).astype(int),
            "income": income,
            "age": age,
            "sick": np.where(sick, "yes", "no"),
            "weight": random.uniform(0.5, 2.0, n).round(2),
            "region": village // 15,
            "village": village,
        }
    )
    people.head()
    return (people,)


@app.cell
def _(mo):
    mo.md(
        """
        ## Is it unequal?

        The Erreygers index is above 0 if richer people visit more often.
        Its standard error knows the strata and the villages of the survey.
        """
    )


@app.cell
def _(equirank, people):
    design = {"weight": "weight", "stratum": "region", "cluster": "village"}
    index = equirank.concentration_index(
        people, "visited", "income", **design, index="erreygers", bounds=(0, 1), bootstrap=500, seed=1
    )
    index
    return design, index


@app.cell
def _(design, equirank, people):
    curve = equirank.concentration_curve(people, "visited", "income", **design)
    curve.plot()
    return (curve,)


@app.cell
def _(mo):
    mo.md(
        """
        ## What does it come from?

        Age and sickness are need: differences that they explain are fair.
        What is left is horizontal inequity.
        """
    )


@app.cell
def _(design, equirank, people):
    parts = equirank.decompose(
        people,
        "visited",
        "income",
        terms=["age", "sick", "income"],
        need=["age", "sick"],
        model="logit",
        index="erreygers",
        **design,
    )
    parts.table()
    return (parts,)


@app.cell
def _(design, equirank, people):
    odds = equirank.logit(people, "visited", ["sick", "age", "income"], **design, covariance="design")
    odds.table()
    return (odds,)


@app.cell
def _(index, mo, parts):
    richer = "richer" if index.estimate > 0 else "poorer"
    mo.md(
        f"""
        ## In one sentence

        {richer.capitalize()} people visit more often.
        The index is {index.estimate:.3f} ({index.conf_low:.3f} to {index.conf_high:.3f}).
        With equal need it is {parts.horizontal_inequity:.3f}.
        """
    )


if __name__ == "__main__":
    app.run()
