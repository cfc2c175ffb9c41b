import pytest

from tasks.report.markdown import set_card, set_parts
from tests.report.page import Page

CARD = """# name

First words.

## Rule

Buy **now**.

- one
- two

### Deeper

## Stress

| test | net |
|---|---:|
| cost | 3 |

## More

| a |
|---|
| 1 |
"""


def test_a_card_is_cut_at_its_headings_of_the_second_rank():
    parts = set_parts(CARD)
    assert [part.title for part in parts] == ["", "Rule", "Stress", "More"]
    bodies = [str(part.body) for part in parts]
    assert bodies[0] == "<h3>name</h3>\n<p>First words.</p>\n"
    assert "<strong>now</strong>" in bodies[1]
    assert "<h5>Deeper</h5>" in bodies[1]
    assert "<td" in bodies[2]
    assert "<h4>" not in "".join(bodies)


def test_parts_and_headings_together_are_the_whole_card():
    heads = [f"<h4>{part.title}</h4>\n" if part.title else "" for part in set_parts(CARD)]
    bodies = [str(part.body) for part in set_parts(CARD)]
    whole = "".join(head + body for head, body in zip(heads, bodies, strict=True))
    assert whole == set_card(CARD)


def test_tables_of_a_card_bear_its_name_and_a_number():
    page = Page("".join(str(part.body) for part in set_parts(CARD, "card-7")))
    assert page.ids == ["table-card-7-0", "table-card-7-1"]
    assert page.tables["card-7-0"] == [["test", "net"], ["cost", "3"]]


@pytest.mark.parametrize("text", ["", "no heading", "- a\n- b"])
def test_a_text_without_headings_is_one_part_or_none(text):
    parts = set_parts(text)
    assert len(parts) == bool(text)
    assert "".join(str(part.body) for part in parts) == set_card(text)


def test_a_heading_inside_a_quotation_does_not_cut_the_card():
    parts = set_parts("## A\n\n> ## B\n\n## C")
    assert [part.title for part in parts] == ["A", "C"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![a](http://x/y.png)",
        "[a](javascript:alert(1))",
        "<http://x.y>",
        "[a]: http://x.y\n\n[a]",
        "| <b onclick=alert(1)> |\n|---|\n| <iframe> |",
        "# <svg onload=alert(1)>",
        "&lt;script&gt;",
    ],
)
def test_nothing_from_outside_runs_loads_or_leads_anywhere(text):
    page = Page(str(set_card(text)))
    assert page.loads == []
    assert set(page.tags) <= {"p", "h3", "table", "thead", "tbody", "tr", "th", "td"}


def test_titles_are_the_text_that_they_are():
    (part,) = set_parts("## <b>A</b> & *c*")
    assert part.title == "<b>A</b> & *c*"
