"""One call from a file of MRM to a ready model."""

import argparse

import pytest
import torch
from published.published_files import resnet_weights
from published.vit_files import fine_tuned_vit, mrm_file, timm_vit

from mmcxr.apis.published import load_published
from mmcxr.datasets.texts.wordpiece import train_wordpiece
from mmcxr.engine.checkpoint import CheckpointError, file_digest
from mmcxr.models.algorithms import MRM, FilmClassifier


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('published')


@pytest.fixture(scope='module')
def vit():
    return timm_vit()


@pytest.fixture(scope='module')
def path(folder, vit):
    content = dict(mrm_file(vit), args=argparse.Namespace(epochs=200))
    torch.save(content, folder / 'MRM.pth')
    return folder / 'MRM.pth'


def test_model_is_ready(path):
    model = load_published('mrm', path, variant='pretrain')
    assert isinstance(model.model, MRM)
    assert not any(module.training for module in model.modules())
    assert model.loss_on == 'all' and not model.antialias
    assert model.data_preprocessor.mean.flatten().tolist() == pytest.approx(
        [0.4978] * 3
    )
    assert model.data_preprocessor.std.flatten().tolist() == pytest.approx([0.2449] * 3)
    assert [step['size'] for step in model.film_pipeline] == [64, 64]
    assert model.published['dropped'] and model.tokenizer is None
    assert model.digest == file_digest(path)


@torch.no_grad()
def test_feature_is_the_mean_of_the_patches(path, vit, folder):
    """Not of their final norm, which fine-tuning drops."""
    torch.save(mrm_file(vit, bare=True), folder / 'bare.pth')
    images = torch.randn(2, 3, 64, 64)
    reference = timm_vit(global_pool='avg', num_classes=1)
    reference.load_state_dict(vit.state_dict(), strict=False)
    expected = reference.forward_features(images)[:, 1:].mean(1)
    for file in (path, folder / 'bare.pth'):
        found = load_published('mrm', file).extract_feat(images)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_fine_tuned_file(folder):
    tuned = fine_tuned_vit(num_classes=5)
    path = folder / 'covid_bestauc_checkpoint.bin'
    torch.save(dict(tuned.state_dict()), path)
    model = load_published('mrm', path, variant='finetune_vit_b16')
    path.unlink()
    assert isinstance(model.model, FilmClassifier)
    images = torch.randn(1, 3, 224, 224)
    found, expected = model(dict(image=images)), tuned(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    rates = [
        module.drop_prob
        for module in model.backbone.modules()
        if type(module).__name__ == 'DropPath'
    ]
    assert max(rates) == pytest.approx(0.1) and not model.training


def test_tokenizer_of_the_user(path, tmp_path):
    words = ['no pleural effusion', 'small left effusion'] * 5
    train_wordpiece(words, vocab_size=31, out=tmp_path / 'words')
    model = load_published('mrm', path, tokenizer=str(tmp_path / 'words'))
    assert len(model.tokenizer(['no effusion'])[0]) >= 4
    train_wordpiece(words, vocab_size=60, out=tmp_path / 'more')
    with pytest.raises(ValueError, match='words, the text encoder 31'):
        load_published('mrm', path, tokenizer=str(tmp_path / 'more'))


def test_other_files_and_variants(path, folder):
    with pytest.raises(CheckpointError, match='is pretrain by its content, not fine'):
        load_published('mrm', path, variant='finetune_vit_b16')
    with pytest.raises(ValueError, match="'pretrained'; did you mean 'pretrain'"):
        load_published('mrm', path, variant='pretrained')
    other = folder / 'other.pth'
    autoencoder = {
        key: value
        for key, value in mrm_file(bare=True).items()
        if not key.startswith('bert_')
    }
    for content, message in (
        (resnet_weights(), 'no mrm checkpoint; by its keys it is probably a ResNet'),
        (autoencoder, 'probably a masked autoencoder'),
        (dict(timm_vit().state_dict()), 'probably a vision transformer'),
    ):
        torch.save(content, other)
        with pytest.raises(CheckpointError, match=message):
            load_published('mrm', other)
