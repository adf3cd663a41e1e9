"""Load the sales, clean them, and sum them up."""

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "data" / "sales.csv"


def load(path: Path = DATA) -> pd.DataFrame:
    """Return the sales as they are in the file, with dates as dates."""
    return pd.read_csv(path, parse_dates=["date"])


def clean(sales: pd.DataFrame) -> pd.DataFrame:
    """Return the sales that say how many were sold, with their revenue."""
    known = sales.dropna(subset=["units"]).copy()
    known["units"] = known["units"].astype(int)
    known["revenue"] = (known["units"] * known["price"]).round(2)
    return known


def revenue_by(sales: pd.DataFrame, column: str) -> pd.Series:
    """Return the revenue of each value of a column, the largest first."""
    return sales.groupby(column)["revenue"].sum().sort_values(ascending=False)
