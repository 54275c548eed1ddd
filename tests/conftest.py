"""Fixtures every test may use."""

import gc
import os
from pathlib import Path

import pytest

os.environ.setdefault('HF_HUB_OFFLINE', '1')
if 'PYTEST_XDIST_WORKER' in os.environ:  # workers share the cores
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
        os.environ.setdefault(name, '1')
REPO = Path(__file__).resolve().parents[1]


def pytest_collection_finish():
    """Leave what was imported out of each later search for garbage: a tenth faster."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope='session', autouse=True)
def _config_texts_are_not_laid_out():
    """A run asks for the text of its config five times; laying it out takes longest."""
    from yapf.yapflib import yapf_api

    plain = yapf_api.FormatCode
    yapf_api.FormatCode = lambda text, **kwargs: (text, True)
    yield
    yapf_api.FormatCode = plain


@pytest.fixture(autouse=True)
def _scope_stays_here():
    """mmengine keeps the default scope of the last runner; no test inherits it."""
    from mmengine.registry import DefaultScope

    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


@pytest.fixture(scope='session')
def repo_dir() -> Path:
    return REPO


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder with golden fixtures and real films; its tests skip without it."""
    folder = Path(os.environ.get('MMCXR_SHARED', REPO.parent / 'shared'))
    if not folder.is_dir():
        pytest.skip(f'no fixtures at {folder}; set MMCXR_SHARED to their folder')
    return folder


@pytest.fixture(scope='session')
def synthetic_dir(tmp_path_factory) -> Path:
    """A converted dataset of 40 synthetic patients, 96 px."""
    from mmcxr.synthetic import write_synthetic_dataset

    root = tmp_path_factory.mktemp('synthetic')
    write_synthetic_dataset(root, num_patients=40, size=96, seed=7)
    return root


@pytest.fixture(scope='session')
def convert_covid19(shared_dir):
    """Writes the real films of the shared folder, converted, to a folder."""
    source = shared_dir / 'data/covid_cxr'
    if not source.is_dir():
        pytest.skip(f'no real films at {source}')

    def write(root: Path) -> None:
        from mmcxr.preparing.convert import convert
        from mmcxr.preparing.placing import Options
        from mmcxr.preparing.readers.covid19 import CONVERTER

        convert(CONVERTER, source, root, Options(link=True))

    return write


@pytest.fixture
def workplace(synthetic_dir, tmp_path, monkeypatch):
    """A folder with the synthetic data where the configs look for them."""
    from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece

    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/synthetic').symlink_to(synthetic_dir)
    if not (synthetic_dir / 'tokenizer').exists():
        texts = split_texts(synthetic_dir, scheme='official', split='train')
        train_wordpiece(texts, vocab_size=1000, out=synthetic_dir / 'tokenizer')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def undrawn(monkeypatch):
    """Each weight is its mean: drawing them is most of the time to build."""

    import torch

    def uniform_(self, low=0.0, high=1.0, generator=None):
        return self.fill_((low + high) / 2)

    def normal_(self, mean=0.0, std=1.0, generator=None):
        return self.fill_(mean)

    monkeypatch.setattr(torch.Tensor, 'uniform_', uniform_)
    monkeypatch.setattr(torch.Tensor, 'normal_', normal_)
