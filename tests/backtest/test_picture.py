"""The picture: its size, its bytes, and that whatever comes can be drawn."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lake.schema import TRADES
from tasks.backtest.picture import HEIGHT, WIDTH, draw_picture
from tests.backtest.sample import make_ruined, make_shown, make_trades, of_trades

SAMPLES = {
    "usual": lambda: make_shown(300, 6_000),
    "no trades": lambda: of_trades(TRADES.empty(), n_refused={}),
    "no bars": lambda: of_trades(TRADES.empty(), n_bars=0, bars={}),
    "one trade": lambda: of_trades(make_trades(1, n_bars=2_000)),
    "one bar": lambda: of_trades(TRADES.empty(), n_bars=1, bars={}),
    "ruined": make_ruined,
}
HOSTILE = "$x_{$ $\\frac{1} ${{ <b> " + "long " * 80
ROOT = Path(__file__).resolve().parents[2]


@cache
def picture_of(name):
    return draw_picture(SAMPLES[name]())


@pytest.mark.parametrize("name", SAMPLES)
def test_the_picture_has_its_size_and_something_on_it(name):
    image = Image.open(io.BytesIO(picture_of(name)))
    assert image.size == (WIDTH, HEIGHT) == (1600, 1000)
    assert np.asarray(image.convert("L")).min() < 60


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_cut_off_at_the_edges(name):
    pixels = np.asarray(Image.open(io.BytesIO(picture_of(name))).convert("L"))
    edges = [pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]]
    assert all((edge == 255).all() for edge in edges)


def test_the_picture_holds_nothing_but_pixels():
    image = Image.open(io.BytesIO(picture_of("usual")))
    image.load()
    assert set(image.info) <= {"dpi"}


def test_the_same_back_test_gives_the_same_bytes_whatever_the_settings_of_the_machine(tmp_path):
    (tmp_path / "matplotlibrc").write_text("axes.linewidth: 9\nxtick.direction: in\n")
    code = (
        "import sys; from tasks.backtest.picture import draw_picture; "
        "from tests.backtest.test_picture import SAMPLES; "
        "sys.stdout.buffer.write(draw_picture(SAMPLES['usual']()))"
    )
    env = {**os.environ, "MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}
    again = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, check=True
    )
    assert again.stdout == picture_of("usual")


def test_settings_of_the_caller_are_left_alone():
    import matplotlib as mpl

    with mpl.rc_context({"lines.linewidth": 7.0}):
        draw_picture(SAMPLES["no trades"]())
        assert mpl.rcParams["lines.linewidth"] == 7.0


def test_text_from_outside_is_no_formula_and_no_longer_than_the_picture():
    usual = SAMPLES["usual"]()
    hostile = replace(
        usual,
        name=HOSTILE,
        title=HOSTILE,
        markets=(HOSTILE,),
        notes=(HOSTILE, "x" * 900),
        eras=[("$\\frac{$", *usual.eras[0][1:])],
        metrics=usual.metrics.with_columns(note=pl.lit(HOSTILE)),
    )
    pixels = np.asarray(Image.open(io.BytesIO(draw_picture(hostile))).convert("L"))
    assert (pixels[:, -4:] == 255).all()


def test_many_years_show_the_last_ones():
    long = make_shown(400, 24 * 365 * 15)
    image = Image.open(io.BytesIO(draw_picture(long)))
    assert image.size == (WIDTH, HEIGHT)
