from sales import clean, load, revenue_by


def test_rows_without_units_are_left_out():
    raw = load()
    cleaned = clean(raw)
    assert len(cleaned) == len(raw) - raw["units"].isna().sum()
    assert cleaned["units"].dtype.kind == "i"


def test_no_revenue_is_lost_by_grouping():
    sales = clean(load())
    assert abs(revenue_by(sales, "region").sum() - sales["revenue"].sum()) < 0.01
