"""Exported networks: read back by pgmpy and pyAgrum, the same to the last digit."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from model.engine import net_of
from model.export import FORMATS, WRITERS, export, read_back, stamp
from model.knowledge import load
from model.parameters import elicited, solved
from model.reference import names_of, network_nodes


@pytest.fixture(scope="module")
def knowledge():
    """The shipped knowledge base."""
    return load()


@pytest.fixture(scope="module")
def parameters(knowledge):
    """Its numbers for primary care."""
    return solved(elicited(knowledge, setting="primary_care", basis="all"))


@pytest.fixture(scope="module")
def nodes(knowledge, parameters):
    """The whole network by name."""
    whole = network_nodes(net_of(parameters), names_of(knowledge), order=parameters.order)
    return {node.name: node for node in whole}


@pytest.fixture(scope="module")
def files(knowledge, parameters, tmp_path_factory):
    """The whole network in every format."""
    folder = tmp_path_factory.mktemp("export")
    paths = {name: folder / f"network.{name}" for name in FORMATS}
    for name, path in paths.items():
        export(knowledge, parameters, path, name)
    return paths


def _assert_same(back, nodes):
    assert set(back) == set(nodes)
    for name, node in nodes.items():
        assert back[name].states == node.states
        assert back[name].parents == node.parents
        assert np.abs(back[name].table - node.table).max() <= 1e-15


@pytest.mark.parametrize("file_format", ["xmlbif", "xdsl"])
def test_whole_network_reads_back_as_it_was(file_format, files, nodes):
    """XMLBIF and XDSL keep nodes, parents, states and tables."""
    _assert_same(read_back(files[file_format], file_format), nodes)


def test_bif_reads_back_as_it_was(knowledge, parameters, tmp_path):
    """BIF keeps them too; pgmpy reads it slowly, so this is the part for a few findings."""
    only = {"onset", "rapidly_worsening", "foot_drop", "glucose_or_hba1c_high"}
    part = network_nodes(net_of(parameters), names_of(knowledge), order=parameters.order, only=only)
    path = tmp_path / "part.bif"
    lines = WRITERS["bif"](part, stamp(knowledge, parameters))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    _assert_same(read_back(path, "bif"), {node.name: node for node in part})


def test_another_program_reads_it_too(files, nodes, tmp_path):
    """PyAgrum finds the same tables in XMLBIF."""
    with warnings.catch_warnings():
        # SWIG deprecates the module's own types; as an error that is a segmentation fault.
        warnings.simplefilter("ignore", DeprecationWarning)
        import pyagrum

    path = tmp_path / "network.bifxml"
    path.write_bytes(files["xmlbif"].read_bytes())
    network = pyagrum.loadBN(str(path))
    assert network.size() == len(nodes)
    for name, node in nodes.items():
        table = network.cpt(name)
        axes = list(table.names)[::-1]
        values = np.asarray(table.toarray())
        values = values.transpose([axes.index(axis) for axis in (name, *node.parents)])
        assert tuple(network.variable(name).labels()) == node.states
        assert np.abs(values - node.table).max() <= 1e-15


@pytest.mark.parametrize("file_format", FORMATS)
def test_equal_input_gives_equal_bytes(file_format, files, knowledge, parameters, tmp_path):
    """A second export is the same file."""
    again = tmp_path / "again"
    export(knowledge, parameters, again, file_format)
    assert again.read_bytes() == files[file_format].read_bytes()


@pytest.mark.parametrize("file_format", FORMATS)
def test_file_says_where_it_comes_from(file_format, files, knowledge):
    """The head of every file names setting, basis, digest of the knowledge and engine version."""
    head = files[file_format].read_text("utf-8")[:1000]
    for word in ("primary_care", "all", knowledge.digest, "paresis"):
        assert word in head


@pytest.mark.parametrize("file_format", ["xdsl", "xmlbif"])
def test_parents_stand_before_children(file_format, files):
    """Readers that build as they read find every parent already there."""
    seen = set()
    for node in read_back(files[file_format], file_format).values():
        assert seen.issuperset(node.parents)
        seen.add(node.name)


def test_unknown_format_is_refused(knowledge, parameters):
    """A format that does not exist is named together with those that do."""
    with pytest.raises(ValueError, match="bif, xmlbif, xdsl"):
        export(knowledge, parameters, Path("network.net"), "net")
