"""A bar chart as SVG, for notebooks that are read where nothing runs."""

from html import escape


def bar_chart(values: dict[str, float], width: int = 560) -> str:
    """Return one bar for each value, the largest first."""
    row, label = 28, 120
    largest = max(values.values(), default=0) or 1
    lines = []
    for place, (name, value) in enumerate(sorted(values.items(), key=lambda item: -item[1])):
        top = place * row
        length = (width - label - 90) * value / largest
        lines.append(
            f'<text x="0" y="{top + 18}">{escape(name)}</text>'
            f'<rect x="{label}" y="{top + 4}" width="{length:.1f}" height="20" fill="#4c6ef5"/>'
            f'<text x="{label + length + 6:.1f}" y="{top + 18}">{value:,.2f}</text>'
        )
    height = row * max(1, len(values))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="13">{"".join(lines)}</svg>'
    )
