"""Write the table of prices into docs/plan.md, from the prices that thumbrun brings along. `make docs` runs this."""

import sys
from pathlib import Path

from thumbrun.pricing.prices import list_prices

PAGE = Path(__file__).parent / "plan.md"
BEGIN, END = "<!-- docs/prices.py writes this table: begin -->", "<!-- end -->"


def refreshed(page: str) -> str:
    """Return the page with its table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{_table()}\n{END}{after}"


def _table() -> str:
    rows = ["| id | what | US dollars | read | source |", "|---|---|---|---|---|"]
    for row in list_prices().to_records():
        if row["usd"] is not None:
            price = f"{_plain(row['usd'])} for each {row['per']}"
            rows.append(f"| `{row['id']}` | {row['what']} | {price} | {row['date']} | {row['source']} |")
    return "\n".join(rows)


def _plain(usd: float) -> str:
    return f"{usd:.9f}".rstrip("0")


def main() -> None:
    """Write the page."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE} has its prices\n")


if __name__ == "__main__":
    main()
