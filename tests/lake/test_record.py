from pathlib import Path

from lake.record import keep_document, keep_run
from lake.store import open_lake


def test_what_a_flow_leaves_is_in_the_lake_that_it_names(tmp_path: Path) -> None:
    uri = str(tmp_path / "lake")
    record = {"run": "one", "started": "2024", "finished": None, "stages": []}
    keep_run(uri, "one", record)
    keep_run(uri, "one", record | {"finished": "2025"})
    assert open_lake(uri).runs() == [record | {"finished": "2025"}]
    assert Path(keep_document(uri, "report.html", "<p>")).read_text() == "<p>"
