import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lake.files import LocalFiles
from lake.schema import BARS
from lake.store import Lake
from lake.verify import verify
from tests.lake.small import frame_of, put

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def test_threads_that_write_the_same_table_agree(lake: Lake) -> None:
    def write_and_find(_: int) -> str:
        ref = put(lake, "BARS", frame=frame_of(BARS, 2000))
        assert lake.read(ref).height == 2000
        return ref.content

    with ThreadPoolExecutor(8) as pool:
        contents = set(pool.map(write_and_find, range(40)))
    assert len(contents) == 1
    assert len(list(lake.files.walk(""))) == 2
    assert verify(lake).faults == []


_WRITER = """
import sys
from pathlib import Path
from lake.files import LocalFiles
from lake.schema import BARS
from lake.store import Lake
from tests.lake.small import frame_of, put
lake, n = Lake(LocalFiles(Path(sys.argv[1]))), int(sys.argv[2])
raw = put(lake, "RAW_BARS")
print("ready", flush=True)
for index in range(n):
    put(lake, "BARS", frame=frame_of(BARS, 3000), parents=[raw], config={"n": index % 7})
"""


def _writer(place: Path, n_tables: int) -> subprocess.Popen:
    command = [sys.executable, "-c", _WRITER, str(place), str(n_tables)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_the_same_tables_agree(tmp_path: Path) -> None:
    writers = [_writer(tmp_path / "lake", 15) for _ in range(2)]
    assert [(w.communicate()[0], w.returncode) for w in writers] == [("ready\n", 0)] * 2
    lake = Lake(LocalFiles(tmp_path / "lake"))
    assert len(list(lake.entries())) == 8
    assert verify(lake).faults == []


def test_a_killed_process_leaves_nothing_half_made(tmp_path: Path) -> None:
    lake = Lake(LocalFiles(tmp_path / "lake"))
    for delay_seconds in (0.0, 0.011, 0.033):
        writer = _writer(tmp_path / "lake", 100_000)
        writer.stdout.readline()
        time.sleep(delay_seconds)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert verify(lake).n_wrong == 0
        for entry in lake.entries():
            assert lake.find(entry.ref.address) is not None
