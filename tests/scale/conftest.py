"""Inputs of every kind, and a cluster of two processes on this machine."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import psutil
import pytest
from distributed import LocalCluster

from evaluation.files import score_file
from evaluation.scoring import score_frame
from tests.cli.conftest import paresis, process
from tests.vignettes import FOLDER

__all__ = ["paresis", "process"]

#: Columns of the inputs that are no items.
KEEP = ("note",)


@pytest.fixture(scope="session")
def cluster(reasoner):
    """Two worker processes that listen to this machine only; the kernel is compiled before."""
    score_frame(pd.DataFrame({"age": ["70"]}), reasoner)
    before = psutil.Process().children(recursive=True)
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    ) as found:
        yield found
    left = [one for one in psutil.Process().children(recursive=True) if one not in before]
    assert not [one for one in left if "resource_tracker" not in " ".join(one.cmdline())]


def workers():
    """The processes of the cluster's workers, without those that watch over them."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.is_running() and "spawn_main" in " ".join(one.cmdline())
    ]


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A folder of three files, 150 rows: CSV with everything that can be odd, gzip, Parquet."""
    folder = tmp_path_factory.mktemp("inputs")
    frame = pd.read_csv(FOLDER / "documents.csv", dtype=str, keep_default_na=False)
    frame = frame.drop(columns=["label", "diagnosis", "rule", "rests_on"])
    frame = pd.concat([frame, frame], ignore_index=True).iloc[:150]
    frame["age"] = [str(20 + n % 70) for n in range(len(frame))]  # no two rows are the same
    frame["note"] = [f'line {n}\r\n"two", and\nthree é' for n in range(len(frame))]
    text = frame.iloc[:70].to_csv(index=False, lineterminator="\r\n").splitlines(keepends=True)
    text[31:31] = ["\r\n", "short\r\n"]  # each row has three lines
    (folder / "a.csv").write_bytes("".join(text).encode("utf-8-sig"))
    plain = frame.iloc[70:100].drop(columns="id").to_csv(index=False)
    (folder / "b.csv.gz").write_bytes(gzip.compress(plain.encode()))
    typed = (
        frame.iloc[100:].drop(columns="id").replace({"present": True, "": None, "absent": False})
    )
    typed["age"] = np.arange(20.0, 70.0)
    typed.to_parquet(folder / "c.parquet", row_group_size=5)
    return folder


@pytest.fixture(scope="session")
def single(inputs, reasoner, tmp_path_factory):
    """Each of the inputs scored on one machine: path -> Parquet file."""
    folder = tmp_path_factory.mktemp("single")
    sinks = {str(path): folder / f"{path.name}.parquet" for path in sorted(inputs.iterdir())}
    for source, sink in sinks.items():
        score_file(source, str(sink), reasoner, keep=KEEP)
    return sinks
